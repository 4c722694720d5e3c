package dev.cairn.server.loop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.RequestAuthorizer;
import dev.cairn.auth.UserTokens;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.raftpb.ConfChange;
import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.RaftConfig;
import dev.cairn.raft.RaftNode;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
import dev.cairn.server.access.TokenProviders;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.Applier;
import dev.cairn.server.apply.ApplyLoop;
import dev.cairn.server.apply.AuthApplier;
import dev.cairn.server.apply.Quota;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.MemberFormat;
import dev.cairn.wal.WalListener;
import dev.cairn.wal.WalMetadata;
import dev.cairn.wal.WalOptions;
import dev.cairn.wal.WalWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the loops of a member that is the only voter, from a proposal to its answer. Method: the real core, log, store and
 * loops, run by hand on the test's thread with a clock that only the test moves.
 */
class SoleVoterTest {
    private static final long MEMBER = 7;
    private static final long TICK_MILLIS = 100;
    private static final long TIMEOUT_MILLIS = 7000;

    @TempDir
    private Path directory;

    private final List<String> synced = new ArrayList<>();
    private final List<EtcdError> errors = new ArrayList<>();
    private final List<PutResponse> answers = new ArrayList<>();
    private final List<Message> toPeers = new ArrayList<>();
    private long now = System.nanoTime();
    private MvccStore store;
    private WalWriter wal;
    private StatusBoard status;
    private Proposals proposals;
    private ReadIndexQueue reads;
    private Cluster cluster;
    private LogLoop log;
    private ApplyLoop apply;
    private RaftLoop raft;

    @BeforeEach
    void found() throws IOException {
        Member self = new Member(MEMBER, List.of("http://127.0.0.1:1"), false, "self", List.of());
        ConfChange add = ConfChange.newBuilder()
                .setNodeId(MEMBER)
                .setContext(MemberFormat.encode(self))
                .build();
        List<Entry> founding = List.of(new Entry(1, 1, EntryType.CONF_CHANGE, add.toByteString()));
        HardState hardState = new HardState(1, 0, 1);
        WalListener listener = new WalListener() {
            @Override
            public void synced(long nanos) {
                synced.add("sync");
            }
        };
        wal = WalWriter.create(
                directory.resolve("wal"),
                new WalMetadata(MEMBER, 1),
                founding,
                hardState,
                WalOptions.of(Runnable::run, listener));
        MemoryRaftStorage storage = new MemoryRaftStorage();
        storage.append(founding);
        storage.setHardState(hardState);
        store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
        cluster = new Cluster(new Identity(1, MEMBER), store);
        Lessor lessor = new Lessor(store, LessorOptions.forElection(10, 100), new NoExpiry(), now);
        store.setLeases(lessor);
        status = new StatusBoard(0);
        RequestIds ids = new RequestIds(MEMBER, 0);
        proposals = new Proposals(ids, status, 1 << 20, TIMEOUT_MILLIS, () -> {});
        reads = new ReadIndexQueue(status, ids, TIMEOUT_MILLIS, Runnable::run, () -> {});
        RaftInbox inbox = new RaftInbox(() -> {});
        log = new LogLoop(wal, hardState, inbox::durable, () -> {});
        AuthStore users = new AuthStore(store, ByteString::copyFromUtf8, UserTokens.STATELESS);
        AuthApplier auth = new AuthApplier(
                users, new RequestAuthorizer(new NoLeaseKeys()), TokenProviders.none(), store::currentRevision);
        Applier applier = new Applier(
                store, lessor, cluster, new Alarms(store), new Quota(-1, () -> 0), auth, proposals::settle, () -> {});
        apply = new ApplyLoop(applier, 0, (index, term) -> {}, inbox::applied, () -> {});
        status.followApplied(apply::appliedIndex);
        RaftNode core = new RaftNode(RaftConfig.builder()
                .id(MEMBER)
                .storage(storage)
                .asyncStorageWrites(true)
                .randomBelow(bound -> 0)
                .build());
        raft = new RaftLoop(
                MEMBER,
                core,
                storage,
                new RaftLoop.Parts(
                        status, inbox, proposals, reads, log, apply, toPeers::addAll, (role, leader, term) -> {}),
                TICK_MILLIS,
                now);
    }

    @AfterEach
    void close() throws IOException {
        wal.close();
        store.close();
    }

    @Test
    void shouldLeadWithoutWaitingForATimeOut() throws IOException {
        settle();

        assertThat(status.leader()).isEqualTo(MEMBER);
        assertThat(status.isSoloLeader()).isTrue();
        assertThat(cluster.view().member(MEMBER)).isNotNull();
    }

    @Test
    void shouldSyncOnceForAllThatWaits() throws IOException {
        elect();
        synced.clear();
        for (int i = 0; i < 100; i++) {
            propose("k" + i, "v");
        }
        settle();

        assertThat(answers).hasSize(100);
        assertThat(answers.get(99).getHeader().getRevision()).isEqualTo(101);
        assertThat(synced).hasSize(1);
        assertThat(toPeers).isEmpty();
    }

    @Test
    void shouldAnswerNothingBeforeTheLogIsSynced() throws IOException {
        elect();
        propose("k", "v");
        raft.doWork(now);

        assertThat(answers).isEmpty();
        assertThat(apply.doWork(now)).isZero();
        assertThat(store.currentRevision()).isEqualTo(1);

        log.doWork(now);
        raft.doWork(now);
        apply.doWork(now);
        assertThat(answers).hasSize(1);
    }

    @Test
    void shouldHoldProposalsWhileThereIsNoLeaderAndFailThemWhenTheirTimeIsUp() throws IOException {
        propose("k", "v");
        raft.doWork(now);
        assertThat(errors).isEmpty();

        now = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS);
        raft.doWork(now);
        assertThat(errors).containsExactly(EtcdError.TIMEOUT);
        settle();
        assertThat(answers).isEmpty();
    }

    @Test
    void shouldReadWithoutARoundOnceItLeadsAlone() throws IOException {
        List<Long> granted = new ArrayList<>();
        reads.await(collecting(granted));
        assertThat(granted).isEmpty();

        elect();
        assertThat(granted).as("the read that came before there was a leader").hasSize(1);
        reads.await(collecting(granted));
        assertThat(granted).hasSize(2);
    }

    @Test
    void shouldRefuseRequestsThatAreTooLarge() throws IOException {
        elect();
        propose("k", "v".repeat(1 << 20));

        assertThat(errors).containsExactly(EtcdError.REQUEST_TOO_LARGE);
    }

    @Test
    void shouldRefuseWhatComesWhileTooMuchWaits() {
        for (int i = 0; i < 20_000; i++) {
            propose("k", "v");
        }

        assertThat(errors).isNotEmpty().containsOnly(EtcdError.TOO_MANY_REQUESTS);
        assertThat(proposals.pending()).isEqualTo(20_000 - errors.size());
    }

    @Test
    void shouldFailWhatIsUnderWayWhenItStops() {
        propose("k", "v");
        proposals.stop();
        propose("k", "v");
        reads.stop();
        reads.await(collecting(new ArrayList<>()));

        assertThat(errors).containsExactly(EtcdError.STOPPED, EtcdError.STOPPED, EtcdError.STOPPED);
    }

    private void elect() throws IOException {
        settle();
        assertThat(status.leader()).isEqualTo(MEMBER);
    }

    private void settle() throws IOException {
        int work;
        do {
            work = raft.doWork(now) + log.doWork(now) + apply.doWork(now);
        } while (work > 0);
    }

    private void propose(String key, String value) {
        PutRequest put = PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value))
                .build();
        proposals.propose(InternalRaftRequest.newBuilder().setPut(put), new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite answer) {
                answers.add((PutResponse) answer);
            }

            @Override
            public void fail(EtcdError error) {
                errors.add(error);
            }
        });
    }

    private Completion<Long> collecting(List<Long> granted) {
        return new Completion<>() {
            @Override
            public void complete(Long index) {
                granted.add(index);
            }

            @Override
            public void fail(EtcdError error) {
                errors.add(error);
            }
        };
    }

    private static final class NoExpiry implements dev.cairn.lease.ExpirySink {
        @Override
        public boolean revoke(long lease) {
            return true;
        }

        @Override
        public boolean checkpoint(long lease, long remainingTtlSeconds) {
            return true;
        }
    }

    private static final class NoLeaseKeys implements dev.cairn.auth.LeaseKeys {
        @Override
        public List<ByteString> attachedKeys(long lease) {
            return List.of();
        }

        @Override
        public long[] leases() {
            return new long[0];
        }
    }
}
