package dev.cairn.raft.progress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.cairn.raft.Seeds;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static Progress progress() {
        return new Progress(5, false, 2, Long.MAX_VALUE);
    }

    @Test
    void shouldSendOneMessageWithEntriesWhileProbing() {
        Progress progress = progress();
        progress.sentEntries(0, 0);
        assertThat(progress.isPaused()).isFalse();
        progress.sentEntries(3, 10);
        assertThat(progress.isPaused()).isTrue();
        assertThat(progress.next()).as("a probe is no optimism").isEqualTo(5);
        progress.unpause();
        assertThat(progress.isPaused()).isFalse();
    }

    @Test
    void shouldStreamUntilTheWindowIsFull() {
        Progress progress = progress();
        assertThat(progress.maybeUpdate(4)).isTrue();
        progress.becomeReplicate();
        progress.sentEntries(1, 10);
        assertThat(progress.isPaused()).isFalse();
        progress.sentEntries(4, 10);
        assertThat(progress.next()).isEqualTo(10);
        assertThat(progress.isPaused()).isTrue();
        assertThat(progress.isWindowFull()).isTrue();

        // A heartbeat lets one empty message pass, and makes no room.
        progress.unpause();
        assertThat(progress.isPaused()).isFalse();
        assertThat(progress.isWindowFull()).isTrue();
        progress.sentEntries(0, 0);
        assertThat(progress.isPaused()).isTrue();

        progress.maybeUpdate(5);
        progress.freeInflightsUpTo(5);
        assertThat(progress.isWindowFull()).isFalse();
    }

    @Test
    void shouldIgnoreStaleRefusals() {
        Progress probing = progress();
        assertThat(probing.maybeDecrementTo(3, 1)).as("not the last probe").isFalse();
        assertThat(probing.maybeDecrementTo(4, 1)).isTrue();
        assertThat(probing.next()).isEqualTo(2);

        Progress streaming = progress();
        streaming.maybeUpdate(4);
        streaming.becomeReplicate();
        streaming.sentEntries(3, 1);
        assertThat(streaming.maybeDecrementTo(4, 0)).as("accepted before").isFalse();
        assertThat(streaming.maybeDecrementTo(7, 6)).isTrue();
        assertThat(streaming.next()).isEqualTo(5);
    }

    @Test
    void shouldNeverProbeBeforeWhatIsKnown() {
        Progress progress = progress();
        progress.maybeUpdate(3);
        assertThat(progress.maybeDecrementTo(4, 0)).isTrue();
        assertThat(progress.next()).isEqualTo(4);
        progress.checkInvariants();
    }

    @Test
    void shouldContinueAfterTheSnapshotIfItArrivedAndBeforeItIfNot() {
        Progress arrived = progress();
        arrived.becomeSnapshot(20);
        assertThat(arrived.isPaused()).isTrue();
        assertThatIllegalStateException().isThrownBy(() -> arrived.sentEntries(1, 1));
        arrived.becomeProbe();
        assertThat(arrived.next()).isEqualTo(21);

        Progress failed = progress();
        failed.becomeSnapshot(20);
        failed.becomeProbeAfterFailedSnapshot();
        assertThat(failed.next()).isEqualTo(1);
    }

    @Test
    void shouldSendACommitIndexOnlyIfItHelps() {
        Progress progress = progress();
        progress.maybeUpdate(4);
        progress.becomeReplicate();
        assertThat(progress.canBumpCommit(4)).isTrue();
        progress.sentCommit(4);
        assertThat(progress.canBumpCommit(4)).as("sent").isFalse();
        assertThat(progress.canBumpCommit(9)).as("nothing there to commit").isFalse();
        progress.sentEntries(2, 1);
        assertThat(progress.canBumpCommit(9)).isTrue();
    }

    @Test
    void shouldKeepTheWindowAsAQueueDoes() {
        Seeds.forEach(300, random -> {
            int messagesMax = 1 + random.nextInt(20);
            long bytesMax = 1 + random.nextInt(100);
            Inflights inflights = new Inflights(messagesMax, bytesMax);
            Deque<long[]> model = new ArrayDeque<>();
            long last = 0;
            for (int i = 0; i < 200; i++) {
                if (random.nextBoolean() && !inflights.isFull()) {
                    last += 1 + random.nextInt(3);
                    int bytes = random.nextInt(20);
                    inflights.add(last, bytes);
                    model.add(new long[] {last, bytes});
                } else {
                    long upTo = Math.max(0, last - random.nextInt(10));
                    inflights.freeUpTo(upTo);
                    model.removeIf(message -> message[0] <= upTo);
                }
                long bytes = model.stream().mapToLong(message -> message[1]).sum();
                assertThat(inflights.count()).isEqualTo(model.size());
                assertThat(inflights.bytes()).isEqualTo(bytes);
                assertThat(inflights.isFull()).isEqualTo(model.size() == messagesMax || bytes >= bytesMax);
            }
            while (!inflights.isFull()) {
                inflights.add(++last, 1);
            }
            long beyond = last + 1;
            assertThatIllegalStateException().isThrownBy(() -> inflights.add(beyond, 1));
        });
    }
}
