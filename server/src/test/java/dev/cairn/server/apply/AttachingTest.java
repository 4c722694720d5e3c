package dev.cairn.server.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.lease.ExpirySink;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.server.loop.RaftControl;
import dev.cairn.server.loop.RequestIds;
import dev.cairn.server.loop.StatusBoard;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Goal: a member applies entries before it has attached its keys to their leases, and whatever depends on these is as if it had. Method: the apply loop of a
 * store with more keys than are attached at once, turned by hand.
 */
@Timeout(60)
@SuppressWarnings("NullAway.Init") // The fields are set before each test.
class AttachingTest {
    private static final int KEYS = 60_000;
    private static final int LEASES = 3;

    private long index;
    private MvccStore store;
    private Lessor lessor;
    private ApplyLoop loop;

    private static ByteString key(int number) {
        return ByteString.copyFromUtf8(String.format("k%05d", number));
    }

    private static PutRequest put(int number, long lease) {
        return PutRequest.newBuilder().setKey(key(number)).setLease(lease).build();
    }

    @BeforeEach
    void restart() throws Exception {
        MemoryBackend.Disk disk = new MemoryBackend.Disk();
        try (MvccStore before = MvccStore.open(StoreOptions.of(disk))) {
            Lessor granting = lessor(before);
            before.setLeases(granting);
            for (long lease = 1; lease <= LEASES; lease++) {
                granting.grant(lease, 60, System.nanoTime());
            }
            for (int number = 0; number < KEYS; number++) {
                before.put(put(number, 1 + number % LEASES));
            }
            before.applied(++index, 1);
        }
        store = MvccStore.open(StoreOptions.of(disk));
        lessor = lessor(store);
        lessor.restore();
        store.setLeases(lessor);
        RaftControl control = new RaftControl(new RequestIds(1, 0), new StatusBoard(0), 1000, () -> {}, () -> {});
        Applier applier = new Applier(
                store,
                lessor,
                new ClusterChanges(new Cluster(new Identity(1, 1), store), 1, control, () -> {}),
                new Alarms(store),
                new Quota(-1, () -> 0),
                NoUsers.applier(store),
                id -> null,
                () -> {});
        loop = new ApplyLoop(applier, index, (applied, term) -> {}, (batch, changes) -> {}, () -> {});
    }

    private static Lessor lessor(MvccStore store) {
        return new Lessor(store, LessorOptions.forElection(10, 100), ExpirySink.NONE, System.nanoTime());
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void submit(InternalRaftRequest.Builder request) {
        Entry entry = new Entry(1, ++index, EntryType.NORMAL, request.build().toByteString());
        loop.submit(Message.builder(MessageType.STORAGE_APPLY)
                .entries(List.of(entry))
                .build());
    }

    @Test
    void shouldGoOnWithoutInputUntilAllAreAttached() throws Exception {
        assertThat(lessor.attachedKeys(1)).isNull();
        long now = 7;
        int turns = 0;
        do {
            assertThat(loop.doWork(now)).as("nothing that a stop waits for").isZero();
            turns++;
        } while (loop.nextDeadlineNanos() <= now);

        assertThat(turns).isGreaterThan(10);
        assertThat(loop.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(lessor.attachedKeys(1)).hasSize(KEYS / LEASES);
    }

    @Test
    void shouldApplyEntriesInBetween() throws Exception {
        submit(InternalRaftRequest.newBuilder().setPut(put(KEYS - 1, 1)));
        assertThat(loop.doWork(0)).isPositive();
        assertThat(loop.appliedIndex()).isEqualTo(index);
        assertThat(lessor.attachedKeys(1)).isNull();
        assertThat(loop.nextDeadlineNanos()).isZero();

        while (loop.nextDeadlineNanos() == 0) {
            loop.doWork(0);
        }
        assertThat(lessor.attachedKeys(1)).hasSize(KEYS / LEASES + 1).contains(key(KEYS - 1));
        assertThat(lessor.attachedKeys(LEASES)).hasSize(KEYS / LEASES - 1).doesNotContain(key(KEYS - 1));
    }

    @Test
    void shouldRevokeWithAllKeysAtOnce() throws Exception {
        long revision = store.currentRevision();
        submit(InternalRaftRequest.newBuilder()
                .setLeaseRevoke(LeaseRevokeRequest.newBuilder().setID(1)));
        loop.doWork(0);

        assertThat(store.currentRevision()).isEqualTo(revision + 1);
        assertThat(store.keys()).isEqualTo(KEYS - KEYS / LEASES);
        assertThat(loop.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }
}
