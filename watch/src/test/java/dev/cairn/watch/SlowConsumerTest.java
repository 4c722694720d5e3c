package dev.cairn.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.Event;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.watch.MemoryRevisionLog.Change;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that do not read: what they cost, and that they lose nothing. */
@Timeout(60)
class SlowConsumerTest {
    private static final int REVISIONS = 60_000;
    private static final int WATCHERS = 50;
    private static final long STREAM_BUDGET = 256 << 10;
    private static final long HUB_BUDGET = 1 << 20;

    /** An event with its overhead, and a reference to it. */
    private static final long ONE_EVENT = 1024;

    private final MemoryRevisionLog log = new MemoryRevisionLog();
    private final WatchOptions options =
            new WatchOptions(1, 1 << 20, 64 << 10, 1000, STREAM_BUDGET, HUB_BUDGET, 1000, 1 << 20, 1024, 1 << 20);
    private final WatchHub hub = new WatchHub(log, options, new FixedHeaders(), bound -> 0);

    @Test
    void shouldKeepNoMoreThanTheBudgetAndLoseNothing() {
        ManualOutput output = new ManualOutput();
        WatchStream stream = hub.open(output);
        for (int i = 0; i < WATCHERS; i++) {
            stream.onRequest(watch("key", false));
        }
        output.take();
        output.setWindow(0);
        long most = 0;
        for (int i = 0; i < REVISIONS; i++) {
            write(List.of(Change.put("key", "value " + i)));
            output.runTask();
            hub.doWork(0);
            most = Math.max(most, hub.bytesPending());
        }
        // Three million events wait; the budget holds a few thousand of them.
        assertThat(most).isBetween(STREAM_BUDGET / 2, STREAM_BUDGET + ONE_EVENT);
        assertThat(hub.slowWatchers()).isEqualTo(WATCHERS);
        assertThat(output.waitingTasks()).isZero();

        long[] last = new long[WATCHERS];
        Arrays.fill(last, 1);
        int responses = 0;
        boolean moves = true;
        while (moves) {
            if (output.setWindow(Integer.MAX_VALUE)) {
                stream.onReady();
            }
            moves = hub.doWork(0) > 0;
            moves |= output.runTask();
            for (WatchResponse response : output.take()) {
                responses++;
                int id = (int) response.getWatchId();
                for (dev.cairn.proto.mvccpb.Event event : response.getEventsList()) {
                    assertThat(event.getKv().getModRevision()).isEqualTo(++last[id]);
                }
            }
            assertThat(hub.bytesPending()).isLessThanOrEqualTo(STREAM_BUDGET + ONE_EVENT);
        }
        assertThat(last).containsOnly(REVISIONS + 1);
        assertThat(hub.slowWatchers()).isZero();
        assertThat(hub.bytesPending()).isZero();
        // Those who are behind share the way: far fewer passes than one walk for each.
        assertThat(log.reads()).isLessThan(REVISIONS / 10);
        assertThat((long) REVISIONS * WATCHERS / responses).isGreaterThan(50);
    }

    @Test
    void shouldHoldAllStreamsTogetherToTheHubsBudget() {
        int streams = 100;
        for (int i = 0; i < streams; i++) {
            ManualOutput output = new ManualOutput();
            hub.open(output).onRequest(watch("key " + i, false));
            output.setWindow(0);
        }
        String value = "x".repeat(500);
        for (int i = 0; i < 1000; i++) {
            for (int s = 0; s < streams; s++) {
                write(List.of(Change.put("key " + s, value)));
            }
        }
        assertThat(hub.bytesPending())
                .isGreaterThan(HUB_BUDGET / 2)
                .isLessThan(HUB_BUDGET + streams * (STREAM_BUDGET / 16 + ONE_EVENT));
        assertThat(hub.slowWatchers()).isEqualTo(streams);
    }

    @Test
    void shouldSendRevisionGreaterThanTheBudgetToOneWatcherAfterTheOther() {
        ManualOutput output = new ManualOutput();
        WatchStream stream = hub.open(output);
        int watchers = 8;
        for (int i = 0; i < watchers; i++) {
            stream.onRequest(watch("key", true));
        }
        output.take();
        output.setWindow(0);
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            changes.add(Change.put("key" + i, "value"));
        }
        write(changes);
        long oneRevision = 5000L * (ONE_EVENT / 2);
        assertThat(hub.bytesPending()).isLessThan(STREAM_BUDGET + oneRevision);
        List<Long> served = new ArrayList<>();
        boolean moves = true;
        while (moves) {
            if (output.setWindow(1)) {
                stream.onReady();
            }
            moves = hub.doWork(0) > 0;
            moves |= output.runTask();
            for (WatchResponse response : output.take()) {
                assertThat(response.getEventsCount()).isEqualTo(5000);
                served.add(response.getWatchId());
            }
            assertThat(hub.bytesPending()).isLessThan(STREAM_BUDGET + oneRevision);
        }
        assertThat(served).doesNotHaveDuplicates().hasSize(watchers);
        assertThat(hub.slowWatchers()).isZero();
    }

    private void write(List<Change> changes) {
        List<Event> events = log.write(changes);
        hub.onEvents(log.currentRevision(), events);
    }

    /** Watches one key, or everything from it on. */
    private static WatchRequest watch(String key, boolean andAllBehind) {
        WatchCreateRequest.Builder create = WatchCreateRequest.newBuilder().setKey(ByteString.copyFromUtf8(key));
        if (andAllBehind) {
            create.setRangeEnd(ByteString.copyFrom(new byte[1]));
        }
        return WatchRequest.newBuilder().setCreateRequest(create).build();
    }
}
