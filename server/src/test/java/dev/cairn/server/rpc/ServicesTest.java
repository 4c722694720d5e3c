package dev.cairn.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.LeaseKeys;
import dev.cairn.auth.RequestAuthorizer;
import dev.cairn.auth.UserTokens;
import dev.cairn.lease.ExpirySink;
import dev.cairn.lease.LeaseException;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveResponse;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.MemberPromoteRequest;
import dev.cairn.proto.etcdserverpb.MemberPromoteResponse;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.StatusResponse;
import dev.cairn.raft.PeerProgress;
import dev.cairn.raft.RaftRole;
import dev.cairn.raft.RaftStatus;
import dev.cairn.raft.SoftState;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.HardState;
import dev.cairn.server.access.Access;
import dev.cairn.server.access.AppliedWaits;
import dev.cairn.server.access.TokenProviders;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.LeaderLessor;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.Quota;
import dev.cairn.server.backup.SnapshotStreams;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.LeadershipTransfer;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.PeerActivity;
import dev.cairn.server.membership.RaftGroup;
import dev.cairn.server.membership.Reconfiguration;
import dev.cairn.server.version.Downgrades;
import java.time.Clock;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Goal: what services answer in states that only members of larger clusters come into. Method: those states by hand. */
class ServicesTest {
    private static final long SELF = 1;
    private static final long OTHER = 2;
    private static final long LEASE = 77;
    private static final long LEADERS_TTL = 42;

    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final Cluster cluster = new Cluster(new Identity(9, SELF), store);
    private final Headers headers = new Headers(9, SELF, () -> 3, store::currentRevision);
    private final ReadGate reads = read -> read.complete(1L);
    private boolean learner;

    private final MemberStatus status = new MemberStatus() {
        @Override
        public long leader() {
            return OTHER;
        }

        @Override
        public long term() {
            return 3;
        }

        @Override
        public long committedIndex() {
            return 5;
        }

        @Override
        public long appliedIndex() {
            return 4;
        }

        @Override
        public boolean isLearner() {
            return learner;
        }
    };

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void shouldAskTheLeaderWhenTheLessorIsNotPrimary() throws LeaseException {
        Lessor lessor = new Lessor(store, LessorOptions.forElection(10, 100), new Ignoring(), System.nanoTime());
        lessor.promote(System.nanoTime(), 0);
        lessor.grant(LEASE, 60, System.nanoTime());
        LeaseService leases = leases(lessor);
        LeaseKeepAliveRequest renewal =
                LeaseKeepAliveRequest.newBuilder().setID(LEASE).build();
        LeaseTimeToLiveRequest question =
                LeaseTimeToLiveRequest.newBuilder().setID(LEASE).build();
        assertThat(CalledService.call(leases, LeaseGrpc.getLeaseKeepAliveMethod(), renewal)
                        .responses())
                .singleElement()
                .satisfies(kept -> assertThat(kept.getTTL()).isEqualTo(60));

        lessor.demote();
        assertThat(CalledService.call(leases, LeaseGrpc.getLeaseKeepAliveMethod(), renewal)
                        .responses())
                .singleElement()
                .satisfies(kept -> assertThat(kept.getTTL()).isEqualTo(LEADERS_TTL));
        assertThat(CalledService.call(leases, LeaseGrpc.getLeaseTimeToLiveMethod(), question)
                        .responses())
                .singleElement()
                .satisfies(left -> {
                    assertThat(left.getTTL()).isEqualTo(LEADERS_TTL);
                    assertThat(left.getHeader()).isEqualTo(headers.current());
                });
    }

    @Test
    void shouldTellThatItIsALearner() {
        MaintenanceService maintenance = new MaintenanceService(
                store,
                (request, completion) -> completion.fail(EtcdError.TIMEOUT),
                status,
                new Alarms(store),
                new Quota(-1, () -> 0),
                cluster,
                new LeadershipTransfer(cluster, status, new Group()),
                new Downgrades(cluster, reads, (request, completion) -> completion.fail(EtcdError.TIMEOUT)),
                headers,
                Runnable::run,
                new SnapshotStreams(store, () -> "3.7.0", Runnable::run, bytes -> {}));
        for (boolean state : new boolean[] {true, false}) {
            learner = state;
            StatusResponse response = CalledService.call(
                            maintenance, MaintenanceGrpc.getStatusMethod(), StatusRequest.getDefaultInstance())
                    .responses()
                    .get(0);
            assertThat(response.getIsLearner()).isEqualTo(state);
            assertThat(response.getLeader()).isEqualTo(OTHER);
        }
    }

    @Test
    void shouldAnswerAPromotionWithTheMembers() {
        cluster.add(new Member(SELF, List.of("http://h:1"), false, "self", List.of()));
        cluster.add(new Member(OTHER, List.of("http://h:2"), true, "other", List.of()));
        Reconfiguration changes =
                new Reconfiguration(cluster, new Group(), true, PeerActivity.NONE, Clock.systemUTC(), promotion -> {});
        ClusterService service = new ClusterService(
                cluster, changes, (id, token, answer) -> answer.fail(EtcdError.NO_LEADER), reads, headers);

        var outcome = CalledService.call(
                service,
                ClusterGrpc.getMemberPromoteMethod(),
                MemberPromoteRequest.newBuilder().setID(OTHER).build());

        assertThat(outcome.responses()).hasSize(1);
        MemberPromoteResponse response = outcome.responses().get(0);
        assertThat(response.getHeader()).isEqualTo(headers.withoutRevision());
        assertThat(response.getMembersList())
                .extracting(member -> member.getID() + " " + member.getIsLearner())
                .containsExactly("1 false", "2 false");
    }

    private LeaseService leases(Lessor lessor) {
        return new LeaseService(
                lessor,
                new Leader(),
                (request, completion) -> completion.fail(EtcdError.TIMEOUT),
                reads,
                proposal -> null,
                headers,
                nobody(),
                () -> 1);
    }

    @Test
    void shouldTellTheKeysOfALeaseOnceAllAreAttached() throws LeaseException {
        Lessor lessor = new Lessor(store, LessorOptions.forElection(10, 100), new Ignoring(), System.nanoTime());
        lessor.grant(LEASE, 60, System.nanoTime());
        lessor.restore();
        lessor.promote(System.nanoTime(), 0);
        LeaseTimeToLiveRequest question =
                LeaseTimeToLiveRequest.newBuilder().setID(LEASE).build();
        LeaseTimeToLiveRequest withKeys = question.toBuilder().setKeys(true).build();
        LeaseService leases = leases(lessor);
        assertThat(CalledService.call(leases, LeaseGrpc.getLeaseTimeToLiveMethod(), question)
                        .responses())
                .as("who asks for no keys does not wait")
                .hasSize(1);
        CalledService.Outcome<LeaseTimeToLiveResponse> asked =
                CalledService.call(leases, LeaseGrpc.getLeaseTimeToLiveMethod(), withKeys);
        assertThat(asked.responses()).isEmpty();

        lessor.attach(LEASE, ByteString.copyFromUtf8("a"));
        lessor.attachedAll();
        assertThat(asked.responses())
                .singleElement()
                .satisfies(left -> assertThat(left.getKeysList()).containsExactly(ByteString.copyFromUtf8("a")));

        lessor.restore();
        lessor.promote(System.nanoTime(), 0);
        lessor.stop();
        assertThat(CalledService.call(leases, LeaseGrpc.getLeaseTimeToLiveMethod(), withKeys)
                        .end())
                .isNotNull()
                .satisfies(end -> assertThat(end.getDescription()).isEqualTo(EtcdError.STOPPED.message()));
    }

    private Access nobody() {
        LeaseKeys none = new LeaseKeys() {
            @Override
            public List<ByteString> attachedKeys(long lease) {
                return List.of();
            }

            @Override
            public long[] leases() {
                return new long[0];
            }
        };
        return new Access(
                new AuthStore(store, ByteString::copyFromUtf8, UserTokens.STATELESS),
                TokenProviders.none(),
                new RequestAuthorizer(none),
                status,
                new AppliedWaits(status, 1000),
                (executor, then) -> then.complete(true),
                false);
    }

    /** A leader that gives every lease the same time. */
    private static final class Leader implements LeaderLessor {
        @Override
        public void renew(long lease, Completion<Long> completion) {
            completion.complete(LEADERS_TTL);
        }

        @Override
        public void timeToLive(LeaseTimeToLiveRequest request, Completion<LeaseTimeToLiveResponse> completion) {
            completion.complete(LeaseTimeToLiveResponse.newBuilder()
                    .setID(request.getID())
                    .setTTL(LEADERS_TTL)
                    .build());
        }
    }

    /** A group in which everybody has the whole log, and every change is made. */
    private final class Group implements RaftGroup {
        @Override
        public void change(
                ConfChangeType type, long memberId, ByteString context, Completion<Cluster.View> completion) {
            cluster.promote(memberId);
            completion.complete(cluster.view());
        }

        @Override
        public void look(Completion<RaftStatus> completion) {
            TreeMap<Long, PeerProgress> progress = new TreeMap<>();
            for (long member : new long[] {SELF, OTHER}) {
                progress.put(
                        member, new PeerProgress(PeerProgress.State.REPLICATE, 5, 6, false, false, true, 0, 0, false));
            }
            completion.complete(new RaftStatus(
                    SELF,
                    HardState.EMPTY,
                    new SoftState(SELF, RaftRole.LEADER),
                    0,
                    ConfState.ofVoters(SELF),
                    progress,
                    0));
        }

        @Override
        public void transferLeadership(long toMember, Completion<Long> completion) {
            completion.fail(EtcdError.TIMEOUT_LEADER_TRANSFER);
        }
    }

    private static final class Ignoring implements ExpirySink {
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
