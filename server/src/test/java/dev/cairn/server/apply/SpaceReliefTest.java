package dev.cairn.server.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AlarmResponse;
import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.logging.HumanBytes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SpaceReliefTest {
    private static final long SELF = 7;
    private static final long OTHER = 8;
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long LIMIT = 1000;
    private static final InternalRaftRequest PUT = InternalRaftRequest.newBuilder()
            .setPut(PutRequest.getDefaultInstance())
            .build();

    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final Alarms alarms = new Alarms(store);
    private final List<AlarmRequest> proposed = new ArrayList<>();
    private final List<Completion<MessageLite>> waiting = new ArrayList<>();
    private long inUse;
    private boolean leading = true;
    private long second;
    private Quota quota = new Quota(LIMIT, () -> inUse);
    private SpaceRelief relief = relief(LIMIT);

    private SpaceRelief relief(long limit) {
        quota = new Quota(limit, () -> inUse);
        return new SpaceRelief(quota, alarms, this::propose, SELF, () -> leading, 0);
    }

    private void propose(InternalRaftRequest.Builder request, Completion<MessageLite> completion) {
        proposed.add(request.getAlarm());
        waiting.add(completion);
    }

    @BeforeEach
    void raise() {
        alarms.activate(SELF, AlarmType.NOSPACE);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void shouldLiftItsAlarmOnceThereHasBeenRoomForFiveSeconds() {
        after(1, 1000);
        after(4, 899);
        assertThat(proposed).isEmpty();
        after(1, 899);
        assertThat(proposed)
                .containsExactly(AlarmRequest.newBuilder()
                        .setAction(AlarmRequest.AlarmAction.DEACTIVATE)
                        .setMemberID(SELF)
                        .setAlarm(AlarmType.NOSPACE)
                        .build());
    }

    @Test
    void shouldNotLiftItBetweenTheMarkAndTheQuota() {
        after(1, 1000);
        after(60, 900);
        assertThat(proposed).isEmpty();
    }

    @Test
    void shouldBeginToWaitAnewWhenTheStoreFillsUpAgain() {
        after(1, 1000);
        after(4, 100);
        after(1, 950);
        after(4, 100);
        assertThat(proposed).isEmpty();
        after(1, 100);
        assertThat(proposed).hasSize(1);
    }

    @Test
    void shouldProposeOnceAtATimeAndAgainAfterAFailure() {
        after(1, 1000);
        after(10, 100);
        assertThat(proposed).hasSize(1);
        waiting.get(0).fail(EtcdError.TIMEOUT);
        after(1, 100);
        assertThat(proposed).hasSize(2);
        alarms.deactivate(SELF, AlarmType.NOSPACE);
        waiting.get(1).complete(AlarmResponse.getDefaultInstance());
        after(10, 100);
        assertThat(proposed).hasSize(2);
    }

    @Test
    void shouldLeaveAnAlarmThatWasRaisedByHandWhileThereWasRoom() {
        after(60, 100);
        assertThat(proposed).isEmpty();
    }

    @Test
    void shouldLiftTheAlarmOfAStoreThatWasNeverSeenFull() {
        alarms.deactivate(SELF, AlarmType.NOSPACE);
        after(1, 100);
        inUse = 999;
        assertThat(quota.hasRoomFor(PUT)).isFalse();
        // Emptied before the next look, and the alarm is still on its way.
        after(1, 100);
        alarms.activate(SELF, AlarmType.NOSPACE);
        after(4, 100);
        assertThat(proposed).isEmpty();
        after(1, 100);
        assertThat(proposed).hasSize(1);
    }

    @Test
    void shouldForgetThatItWasFullOnceThereIsRoomWithoutAnAlarm() {
        after(1, 1000);
        alarms.deactivate(SELF, AlarmType.NOSPACE);
        after(5, 100);
        alarms.activate(SELF, AlarmType.NOSPACE);
        after(60, 100);
        assertThat(proposed).isEmpty();
    }

    @Test
    void shouldLeaveOtherMembersAndOtherKindsOfAlarm() {
        alarms.deactivate(SELF, AlarmType.NOSPACE);
        alarms.activate(OTHER, AlarmType.NOSPACE);
        alarms.activate(SELF, AlarmType.CORRUPT);
        after(1, 1000);
        after(60, 100);
        assertThat(proposed).isEmpty();
    }

    @Test
    void shouldLeaveItToTheLeader() {
        leading = false;
        after(1, 1000);
        after(60, 100);
        assertThat(proposed).isEmpty();
        leading = true;
        after(1, 100);
        assertThat(proposed).hasSize(1);
    }

    @Test
    void shouldLeaveAnAlarmWhereThereIsNoQuota() {
        relief = relief(-1);
        after(1, 1000);
        after(60, 0);
        assertThat(proposed).isEmpty();
    }

    @Test
    void shouldTellOfEveryChangeAndOfWhatWasRaisedBefore() {
        List<String> heard = new ArrayList<>();
        alarms.setListener((member, type, raised) -> heard.add(member + " " + type + " " + raised));
        alarms.activate(SELF, AlarmType.NOSPACE);
        alarms.activate(OTHER, AlarmType.CORRUPT);
        alarms.deactivate(SELF, AlarmType.NOSPACE);
        alarms.deactivate(SELF, AlarmType.NOSPACE);
        assertThat(heard).containsExactly("7 NOSPACE true", "8 CORRUPT true", "7 NOSPACE false");
    }

    @Test
    void shouldWriteSizesAsEtcdDoes() {
        assertThat(HumanBytes.text(7)).isEqualTo("7 B");
        assertThat(HumanBytes.text(999)).isEqualTo("999 B");
        assertThat(HumanBytes.text(20480)).isEqualTo("20 kB");
        assertThat(HumanBytes.text(2L << 30)).isEqualTo("2.1 GB");
        assertThat(HumanBytes.text(8L << 30)).isEqualTo("8.6 GB");
    }

    /** So many seconds pass, in each of which the store holds so much. */
    private void after(int seconds, long bytes) {
        inUse = bytes;
        for (int i = 0; i < seconds; i++) {
            relief.doWork(++second * SECOND);
        }
    }
}
