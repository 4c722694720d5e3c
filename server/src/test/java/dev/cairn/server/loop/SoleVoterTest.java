package dev.cairn.server.loop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
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
import dev.cairn.raft.RaftStatus;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
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
import dev.cairn.wal.SnapStore;
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
    private static final int ELECTION_TICKS = 10;
    private static final long TIMEOUT_MILLIS = 7000;
    private static final long OTHER = 9;
    private static final long RETAINED = 500;

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
    private RaftControl control;
    private RaftInbox inbox;
    private MemoryRaftStorage storage;
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
        storage = new MemoryRaftStorage();
        storage.append(founding);
        storage.setHardState(hardState);
        store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
        cluster = new Cluster(new Identity(1, MEMBER), store);
        Lessor lessor = new Lessor(store, LessorOptions.forElection(10, 100), new NoExpiry(), now);
        store.setLeases(lessor);
        status = new StatusBoard(0);
        RequestIds ids = new RequestIds(MEMBER, 0);
        proposals = new Proposals(ids, status, 1 << 20, TIMEOUT_MILLIS, () -> {});
        reads = new ReadIndexQueue(status, ids, TIMEOUT_MILLIS, () -> Runnable::run, () -> {});
        inbox = new RaftInbox(() -> {});
        log = new LogLoop(wal, hardState, new SnapStore(directory), inbox::durable, () -> {});
        control = new RaftControl(ids, status, TIMEOUT_MILLIS, () -> {}, () -> {});
        Applier applier = new Applier(
                store,
                lessor,
                new ClusterChanges(cluster, 1, control, () -> {}),
                new Alarms(store),
                new Quota(-1, () -> 0),
                NoUsers.applier(store),
                proposals::settle,
                () -> {});
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
                        status, inbox, proposals, control, reads, log, apply, this::lose, (role, leader, term) -> {}),
                TICK_MILLIS,
                RETAINED,
                new LogHolds(),
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

    /** After a restart these are writes that were acknowledged: the log has them, the store may not. */
    @Test
    void shouldNotBeReadBeforeItHasAppliedWhatEarlierTermsLeft() throws IOException {
        while (raft.doWork(now) + log.doWork(now) > 0) {
            if (status.leader() == 0) {
                // That it is a member, it learns by applying.
                apply.doWork(now);
            }
        }
        assertThat(status.leader()).isEqualTo(MEMBER);
        assertThat(status.committedIndex()).isGreaterThan(status.appliedIndex());
        assertThat(status.isSoloLeader()).isFalse();
        List<Long> read = new ArrayList<>();
        reads.await(collecting(read));
        assertThat(read).isEmpty();

        settle();
        assertThat(status.isSoloLeader()).isTrue();
        assertThat(read).hasSize(1);
        assertThat(read.get(0)).isGreaterThanOrEqualTo(status.committedIndex());
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
        assertThat(errors).containsExactly(EtcdError.DEADLINE_EXCEEDED);
        settle();
        assertThat(answers).isEmpty();
    }

    @Test
    void shouldKeepWhatComesDuringATransferUntilSomebodyLeads() throws IOException {
        elect();
        add(false, new ArrayList<>());
        settle();
        control.transferLeadership(OTHER, collecting(new ArrayList<Long>()));
        settle();
        propose("k", "v");
        propose("k", "w");
        settle();
        assertThat(errors).isEmpty();
        assertThat(proposals.pending()).isEqualTo(2);
        long last = storage.lastIndex();

        // Nobody is at the other end, so the core gives the transfer up after an election timeout.
        for (int tick = 0; tick < 2 * ELECTION_TICKS; tick++) {
            now += TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS);
            settle();
        }
        assertThat(storage.lastIndex()).isEqualTo(last + 2);
    }

    @Test
    void shouldNotProposeWhatItsClientHasGivenUp() throws IOException {
        proposals.propose(InternalRaftRequest.newBuilder().setPut(PutRequest.getDefaultInstance()), new Completion<>() {
            @Override
            public void complete(MessageLite answer) {
                answers.add((PutResponse) answer);
            }

            @Override
            public void fail(EtcdError error) {
                errors.add(error);
            }

            @Override
            public boolean isAbandoned() {
                return true;
            }
        });
        settle();

        assertThat(errors).containsExactly(EtcdError.REQUEST_CANCELED);
        assertThat(store.currentRevision()).isEqualTo(1);
    }

    @Test
    void shouldGiveUpALookForWhichApplyingIsTooSlow() throws IOException {
        elect();
        status.hardState(status.term(), status.committedIndex() + 1);
        control.look(collecting(new ArrayList<RaftStatus>()));
        settle();
        assertThat(errors).isEmpty();

        now = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS);
        settle();
        assertThat(errors).containsExactly(EtcdError.TIMEOUT_WAITING_FOR_APPLY);
    }

    /** Nobody leads, so no round is asked for: the reads must not wait for ever all the same. */
    @Test
    void shouldFailReadsThatFindNoLeaderWhenTheirTimeIsUp() {
        reads.await(collecting(new ArrayList<>()));
        reads.expire(now);
        assertThat(errors).isEmpty();

        reads.expire(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS));
        assertThat(errors).containsExactly(EtcdError.TIMEOUT);
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

    @Test
    void shouldCommitAloneBesideALearnerThatNeverCame() throws IOException {
        elect();
        List<Cluster.View> changed = new ArrayList<>();
        add(true, changed);
        settle();
        propose("k", "v");
        settle();

        assertThat(changed).hasSize(1);
        assertThat(changed.get(0).member(OTHER)).isNotNull();
        assertThat(answers).hasSize(1);
        assertThat(status.isSoloLeader()).isTrue();
        assertThat(toPeers).as("what the learner would have got").isNotEmpty().allMatch(m -> m.to() == OTHER);
    }

    @Test
    void shouldTakeTheNextChangeAsSoonAsTheLastIsAnswered() throws IOException {
        elect();
        List<Cluster.View> changed = new ArrayList<>();
        control.change(ConfChangeType.ADD_LEARNER_NODE, OTHER, MemberFormat.encode(other(true)), new Completion<>() {
            @Override
            public void complete(Cluster.View members) {
                control.change(ConfChangeType.REMOVE_NODE, OTHER, ByteString.EMPTY, collecting(changed));
            }

            @Override
            public void fail(EtcdError error) {
                errors.add(error);
            }
        });
        settle();

        assertThat(errors).isEmpty();
        assertThat(changed).hasSize(1);
        assertThat(changed.get(0).removed()).containsExactly(OTHER);
    }

    @Test
    void shouldTellWhyAChangeIsRefused() throws IOException {
        elect();
        List<Cluster.View> changed = new ArrayList<>();
        add(true, changed);
        add(true, changed);
        settle();
        control.change(ConfChangeType.REMOVE_NODE, MEMBER, ByteString.EMPTY, collecting(changed));
        settle();
        control.change(ConfChangeType.REMOVE_NODE, OTHER, ByteString.EMPTY, collecting(changed));
        settle();
        add(true, changed);
        settle();

        assertThat(changed).hasSize(2);
        assertThat(errors).contains(EtcdError.MEMBER_NOT_ENOUGH_STARTED, EtcdError.MEMBER_NOT_FOUND);
        propose("k", "v");
        settle();
        assertThat(answers).as("the last voter is still there").hasSize(1);
    }

    @Test
    void shouldFailAChangeThatFindsNoQuorumWhenItsTimeIsUp() throws IOException {
        elect();
        List<Cluster.View> changed = new ArrayList<>();
        add(false, changed);
        settle();
        control.change(ConfChangeType.REMOVE_NODE, OTHER, ByteString.EMPTY, collecting(changed));
        settle();
        assertThat(errors).isEmpty();

        now = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS);
        settle();
        assertThat(changed).hasSize(1);
        assertThat(errors).containsExactly(EtcdError.TIMEOUT);
    }

    @Test
    void shouldGiveUpATransferThatNobodyTakes() throws IOException {
        elect();
        add(false, new ArrayList<>());
        settle();
        List<Long> leaders = new ArrayList<>();
        control.transferLeadership(MEMBER, collecting(leaders));
        control.transferLeadership(OTHER, collecting(leaders));
        settle();
        assertThat(leaders).as("who leads already needs no transfer").containsExactly(MEMBER);

        now = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS);
        settle();
        assertThat(errors).containsExactly(EtcdError.TIMEOUT_LEADER_TRANSFER);
    }

    @Test
    void shouldShowHowFarALearnerIs() throws IOException {
        elect();
        add(true, new ArrayList<>());
        settle();
        List<RaftStatus> seen = new ArrayList<>();
        control.look(collecting(seen));
        settle();

        assertThat(seen).hasSize(1);
        assertThat(seen.get(0).progress())
                .hasEntrySatisfying(
                        OTHER, learner -> assertThat(learner.match()).isZero())
                .hasEntrySatisfying(MEMBER, self -> assertThat(self.match()).isEqualTo(status.appliedIndex()));
    }

    @Test
    void shouldKeepEntriesForOthersOnlyWithinTheBound() throws IOException {
        elect();
        for (int i = 0; i < 3000; i++) {
            propose("k", "v");
        }
        settle();
        assertThat(storage.firstIndex()).as("alone").isGreaterThan(2000);

        add(true, new ArrayList<>());
        settle();
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 1000; i++) {
                propose("k", "v");
            }
            settle();
        }
        assertThat(errors).isEmpty();
        assertThat(status.appliedIndex() - storage.firstIndex()).isBetween(RETAINED - 1, RETAINED + 1000);
        assertThat(storage.snapshot().metadata().index())
                .as("what stands in for the entries that went")
                .isGreaterThanOrEqualTo(storage.firstIndex() - 1);
    }

    @Test
    void shouldKeepFewBytesForNobody() throws IOException {
        elect();
        String value = "v".repeat(200_000);
        long most = 0;
        for (int i = 0; i < 100; i++) {
            propose("k", value);
            settle();
            most = Math.max(most, storage.bytes());
        }
        assertThat(errors).isEmpty();
        assertThat(most).isBetween(1L << 20, 3L << 20);
        assertThat(storage.snapshot().metadata().index()).isGreaterThanOrEqualTo(storage.firstIndex() - 1);
    }

    @Test
    void shouldRefuseWhatItCannotKeepOfChangesAndAllOnceStopped() {
        for (int i = 0; i < 1000; i++) {
            add(true, new ArrayList<>());
        }
        assertThat(errors).hasSize(1000 - 256).containsOnly(EtcdError.TOO_MANY_REQUESTS);

        errors.clear();
        control.look(collecting(new ArrayList<RaftStatus>()));
        control.transferLeadership(OTHER, collecting(new ArrayList<>()));
        control.stop();
        control.look(collecting(new ArrayList<RaftStatus>()));
        assertThat(errors).hasSize(256 + 3).containsOnly(EtcdError.STOPPED);
    }

    private static Member other(boolean learner) {
        return new Member(OTHER, List.of("http://127.0.0.1:2"), learner, "", List.of());
    }

    private void add(boolean learner, List<Cluster.View> changed) {
        control.change(
                learner ? ConfChangeType.ADD_LEARNER_NODE : ConfChangeType.ADD_NODE,
                OTHER,
                MemberFormat.encode(other(learner)),
                collecting(changed));
    }

    /** There is nobody at the other end. */
    private void lose(List<Message> messages) {
        toPeers.addAll(messages);
        new AbsentPeers(inbox).send(messages);
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

    private <T> Completion<T> collecting(List<T> granted) {
        return new Completion<>() {
            @Override
            public void complete(T value) {
                granted.add(value);
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
}
