package dev.cairn.server.loop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import dev.cairn.lease.ExpirySink;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.mvccpb.KeyValue;
import dev.cairn.proto.raftpb.ConfChange;
import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.RaftConfig;
import dev.cairn.raft.RaftNode;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.server.LogInMemory;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.Applier;
import dev.cairn.server.apply.ApplyLoop;
import dev.cairn.server.apply.ClusterChanges;
import dev.cairn.server.apply.NoUsers;
import dev.cairn.server.apply.Quota;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.MemberFormat;
import dev.cairn.server.thread.DutyThread;
import dev.cairn.wal.SnapStore;
import dev.cairn.wal.WalListener;
import dev.cairn.wal.WalMetadata;
import dev.cairn.wal.WalOptions;
import dev.cairn.wal.WalReader;
import dev.cairn.wal.WalWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a disk that stands still costs a bounded amount of memory, is told to clients, and loses nothing that was acknowledged.
 * Method: the loops on their own thread, a log whose sync waits for the test, and a thousand clients with more requests than fit.
 */
@Timeout(120)
class OverloadTest {
    private static final long MEMBER = 7;
    private static final int CLIENTS = 1000;
    private static final int REQUESTS_EACH = 20;
    private static final int CLIENT_THREADS = 8;
    /** The queue's bound; each thread may pass it by one. */
    private static final int WAITING_MAX = 10_000 + CLIENT_THREADS;
    /** Far beyond the time for which the test lets the disk stand still. */
    private static final long TIMEOUT_MILLIS = 100_000;

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private final AtomicReference<@Nullable CountDownLatch> stall = new AtomicReference<>();
    private final CountDownLatch standsStill = new CountDownLatch(1);
    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    private final Set<String> refused = ConcurrentHashMap.newKeySet();
    private final Set<EtcdError> errors = ConcurrentHashMap.newKeySet();
    private final AtomicInteger outcomes = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final DutyThread thread = new DutyThread("overload", (name, cause) -> failure.set(cause));
    private final ExecutorService clients = Executors.newFixedThreadPool(CLIENT_THREADS);
    private final StatusBoard status = new StatusBoard(0);
    private MvccStore store;
    private WalWriter wal;
    private Proposals proposals;

    @BeforeEach
    void found() throws IOException {
        Member self = new Member(MEMBER, List.of("http://127.0.0.1:1"), false, "self", List.of());
        ConfChange add = ConfChange.newBuilder()
                .setNodeId(MEMBER)
                .setContext(MemberFormat.encode(self))
                .build();
        List<Entry> founding = List.of(new Entry(1, 1, EntryType.CONF_CHANGE, add.toByteString()));
        HardState hardState = new HardState(1, 0, 1);
        wal = WalWriter.create(
                directory.resolve("wal"),
                new WalMetadata(MEMBER, 1),
                founding,
                hardState,
                WalOptions.of(Runnable::run, new Stalling()));
        MemoryRaftStorage storage = new MemoryRaftStorage();
        storage.append(founding);
        storage.setHardState(hardState);
        store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
        Lessor lessor = new Lessor(store, LessorOptions.forElection(10, 100), new NoExpiry(), System.nanoTime());
        store.setLeases(lessor);
        RequestIds ids = new RequestIds(MEMBER, 0);
        proposals = new Proposals(ids, status, 1 << 20, TIMEOUT_MILLIS, thread::wake);
        ReadIndexQueue reads = new ReadIndexQueue(status, ids, TIMEOUT_MILLIS, () -> Runnable::run, thread::wake);
        RaftInbox inbox = new RaftInbox(thread::wake);
        LogLoop log = new LogLoop(wal, hardState, new SnapStore(directory), inbox::durable, thread::wake);
        RaftControl control = new RaftControl(ids, status, TIMEOUT_MILLIS, () -> {}, thread::wake);
        Applier applier = new Applier(
                store,
                lessor,
                new ClusterChanges(new Cluster(new Identity(1, MEMBER), store), 1, control, () -> {}),
                new Alarms(store),
                new Quota(-1, () -> 0),
                NoUsers.applier(store),
                proposals::settle,
                () -> {});
        ApplyLoop apply = new ApplyLoop(applier, 0, (index, term) -> {}, inbox::applied, thread::wake);
        status.followApplied(apply::appliedIndex);
        RaftNode core = new RaftNode(RaftConfig.builder()
                .id(MEMBER)
                .storage(storage)
                .asyncStorageWrites(true)
                .randomBelow(bound -> 0)
                .build());
        RaftLoop raft = new RaftLoop(
                MEMBER,
                core,
                storage,
                new RaftLoop.Parts(
                        status, inbox, proposals, control, reads, log, apply, lost -> {}, (role, leader, term) -> {}),
                100,
                500,
                new LogHolds(),
                System.nanoTime());
        thread.start(List.of(raft, log, apply));
        await(status::isSoloLeader);
    }

    @AfterEach
    void close() throws IOException {
        clients.shutdownNow();
        thread.stop();
        store.close();
        assertThat(failure.get()).isNull();
    }

    @Test
    void shouldRefuseWhatDoesNotFitAndLoseNothingElse() throws Exception {
        CountDownLatch moves = new CountDownLatch(1);
        stall.set(moves);
        put("first");
        assertThat(standsStill.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();

        for (int client = 0; client < CLIENTS; client++) {
            int number = client;
            clients.execute(() -> {
                for (int request = 0; request < REQUESTS_EACH; request++) {
                    put("k" + number + "/" + request);
                }
            });
        }
        int all = 1 + CLIENTS * REQUESTS_EACH;
        await(() -> outcomes.get() + proposals.pending() == all);
        assertThat(proposals.pending()).isBetween(WAITING_MAX - CLIENT_THREADS, WAITING_MAX + 1);
        assertThat(errors).containsExactly(EtcdError.TOO_MANY_REQUESTS);
        assertThat(acknowledged)
                .as("nothing is acknowledged that is not durable")
                .isEmpty();
        assertThat(store.currentRevision()).isEqualTo(1);

        stall.set(null);
        moves.countDown();
        await(() -> outcomes.get() == all);
        put("last");
        await(() -> acknowledged.contains("last"));
        assertThat(refused).hasSize(all + 1 - acknowledged.size()).doesNotContainAnyElementsOf(acknowledged);
        assertThat(keysInStore()).isEqualTo(acknowledged);
        assertThat(store.currentRevision()).isEqualTo(1 + acknowledged.size());

        thread.stop();
        wal.close();
        assertThat(keysInLog()).isEqualTo(acknowledged);
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("waited too long").isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    private void put(String key) {
        PutRequest put =
                PutRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).build();
        proposals.propose(InternalRaftRequest.newBuilder().setPut(put), new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite answer) {
                acknowledged.add(key);
                outcomes.incrementAndGet();
            }

            @Override
            public void fail(EtcdError error) {
                refused.add(key);
                errors.add(error);
                outcomes.incrementAndGet();
            }
        });
    }

    private Set<String> keysInStore() throws KvException {
        Set<String> keys = new HashSet<>();
        ByteString zero = ByteString.copyFrom(new byte[1]);
        RangeRequest all =
                RangeRequest.newBuilder().setKey(zero).setRangeEnd(zero).build();
        for (KeyValue kv : store.range(all).toResponse().getKvsList()) {
            keys.add(kv.getKey().toStringUtf8());
        }
        return keys;
    }

    private Set<String> keysInLog() throws IOException {
        LogInMemory log = new LogInMemory();
        try (WalReader reader = WalReader.open(directory.resolve("wal"), 0, 0)) {
            assertThat(reader.read(log).torn()).isFalse();
        }
        Set<String> keys = new HashSet<>();
        for (Entry entry : log.entries()) {
            if (entry.type() == EntryType.NORMAL && !entry.data().isEmpty()) {
                keys.add(keyOf(entry.data()));
            }
        }
        return keys;
    }

    private static String keyOf(ByteString data) throws InvalidProtocolBufferException {
        return InternalRaftRequest.parseFrom(data).getPut().getKey().toStringUtf8();
    }

    /** A disk that takes as long as the test wants. */
    private final class Stalling implements WalListener {
        @Override
        public void beforeSync() {
            CountDownLatch moves = stall.get();
            if (moves == null) {
                return;
            }
            standsStill.countDown();
            try {
                assertThat(moves.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static final class NoExpiry implements ExpirySink {
        @Override
        public boolean revoke(long lease) {
            return true;
        }

        @Override
        public boolean checkpoint(long lease, long remainingTtlSeconds) {
            return true;
        }
    }
}
