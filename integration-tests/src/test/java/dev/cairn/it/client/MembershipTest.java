package dev.cairn.it.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.DowngradeRequest;
import dev.cairn.proto.etcdserverpb.DowngradeRequest.DowngradeAction;
import dev.cairn.proto.etcdserverpb.DowngradeResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.Member;
import dev.cairn.proto.etcdserverpb.MemberAddRequest;
import dev.cairn.proto.etcdserverpb.MemberAddResponse;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.MemberPromoteRequest;
import dev.cairn.proto.etcdserverpb.MemberRemoveRequest;
import dev.cairn.proto.etcdserverpb.MemberUpdateRequest;
import dev.cairn.proto.etcdserverpb.MoveLeaderRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.StatusResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: members, leadership and downgrades answer as etcd's, errors with code and text, as far as one member can be brought to
 * it. Method: the same calls to ours and to a real etcd; every outcome must be equal, ids aside.
 */
@Tag("client")
@Timeout(240)
class MembershipTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final long UNKNOWN = 0x1234;
    private static final String OTHER_URL = "http://127.0.0.1:9";

    @TempDir
    private Path directory;

    @Test
    void shouldChangeMembersAsEtcdDoes() {
        List<String> outcomes = onBoth(Session::changeMembers);

        assertThat(outcomes)
                .as("the errors that one member can be brought to")
                .contains(
                        "no urls: INVALID_ARGUMENT etcdserver: given member URLs are invalid",
                        "own url: FAILED_PRECONDITION etcdserver: Peer URLs already exists",
                        "second learner: FAILED_PRECONDITION etcdserver: too many learner members in cluster",
                        "update unknown: NOT_FOUND etcdserver: member not found",
                        "remove last: UNKNOWN etcdserver: re-configuration failed due to not enough started members",
                        "promote voter: FAILED_PRECONDITION etcdserver: can only promote a learner member",
                        "promote behind: FAILED_PRECONDITION etcdserver: can only promote a learner member which is in"
                                + " sync with leader",
                        "move to learner: FAILED_PRECONDITION etcdserver: bad leader transferee",
                        "update removed: NOT_FOUND etcdserver: member not found");
    }

    @Test
    void shouldGoOnBesideALearnerAfterARestart() {
        List<String> outcomes = onBoth(session -> {
            session.outcome("add", () -> session.add(true, OTHER_URL));
            session.server.terminate(LIMIT);
            session.restart();
            session.outcome("put", () -> session.put());
            session.outcome("list", () -> session.list());
        });

        assertThat(outcomes).contains("put: ok");
    }

    @Test
    void shouldDowngradeAsEtcdDoes() {
        List<String> outcomes = onBoth(Session::downgrade);

        assertThat(outcomes)
                .contains(
                        "validate nonsense: INVALID_ARGUMENT etcdserver: wrong downgrade target version format",
                        "enable too far: INVALID_ARGUMENT etcdserver: invalid downgrade target version",
                        "enable during one: FAILED_PRECONDITION etcdserver: cluster has a downgrade job in progress",
                        "unknown action: UNKNOWN etcdserver: unknown method",
                        "cancel: 3.6");
    }

    @Test
    void shouldLoseItsQuorumToAVoterThatNeverComes() {
        List<String> outcomes = onBoth(session -> {
            session.outcome("add", () -> session.add(false, OTHER_URL));
            session.until(status -> status.getLeader() == 0);
            session.outcome("add another", () -> session.add(false, "http://127.0.0.1:10"));
            session.outcome("add learner", () -> session.add(true, "http://127.0.0.1:10"));
            session.outcome("remove self", () -> session.remove(session.id));
            session.outcome("move", () -> session.move(session.id));
            session.outcome("list", () -> session.list());
        });

        assertThat(outcomes)
                .contains(
                        "add learner: UNAVAILABLE etcdserver: unhealthy cluster",
                        "move: FAILED_PRECONDITION etcdserver: not leader");
    }

    /** What the real etcd does not survive: URLs that are none, and the removal of the last voter. */
    @Test
    void shouldSurviveWhatEtcdDoesNot() {
        try (ServerProcess server = ServerProcess.start(
                        Programs.ours(), directory.resolve("ours"), "--strict-reconfig-check=false");
                Session session = new Session(server)) {
            session.outcome("bad url", () -> session.update(session.id, "foo"));
            session.outcome("no url", () -> session.update(session.id));
            session.outcome("bad url of nobody", () -> session.update(UNKNOWN, "foo"));
            session.outcome("remove self", () -> session.remove(session.id));
            session.outcome("put", () -> session.put());

            assertThat(session.outcomes)
                    .containsExactly(
                            "bad url: INVALID_ARGUMENT etcdserver: given member URLs are invalid",
                            "no url: INVALID_ARGUMENT etcdserver: given member URLs are invalid",
                            "bad url of nobody: NOT_FOUND etcdserver: member not found",
                            "remove self: UNKNOWN etcdserver: re-configuration failed due to not enough started"
                                    + " members",
                            "put: ok");
        }
    }

    private interface Script {
        void run(Session session);
    }

    /** Runs the script on both servers; what the real one answers. */
    private List<String> onBoth(Script script) {
        List<List<String>> outcomes = new ArrayList<>();
        for (Path binary : List.of(Programs.ours(), Programs.real("etcd"))) {
            try (ServerProcess server = ServerProcess.start(binary, directory.resolve("server" + outcomes.size()));
                    Session session = new Session(server)) {
                script.run(session);
                outcomes.add(session.outcomes);
            }
        }
        assertThat(outcomes.get(0)).isEqualTo(outcomes.get(1));
        return outcomes.get(1);
    }

    /** One server and what it has answered. */
    private static final class Session implements AutoCloseable {
        private final ServerProcess server;
        private final List<String> outcomes = new ArrayList<>();
        private ManagedChannel channel;
        private final long id;
        private final String ownUrl;

        Session(ServerProcess server) {
            this.server = server;
            this.channel = connect(server);
            Member self =
                    cluster().memberList(MemberListRequest.getDefaultInstance()).getMembers(0);
            this.id = self.getID();
            this.ownUrl = self.getPeerURLs(0);
        }

        void changeMembers() {
            outcome("no urls", () -> add(false));
            outcome("bad url", () -> add(false, "foo"));
            outcome("path", () -> add(false, "http://127.0.0.1:9/path"));
            outcome("one bad url", () -> add(true, OTHER_URL, "http://nowhere"));
            outcome("own url", () -> add(false, ownUrl));
            outcome("own url as learner", () -> add(true, OTHER_URL, ownUrl));
            outcome("update unknown", () -> update(UNKNOWN, OTHER_URL));
            outcome("remove unknown", () -> remove(UNKNOWN));
            outcome("remove last", () -> remove(id));
            outcome("promote unknown", () -> promote(UNKNOWN));
            outcome("promote voter", () -> promote(id));
            outcome("move to unknown", () -> move(UNKNOWN));
            outcome("move to self", () -> move(id));
            outcome("learner", () -> add(true, "http://127.0.0.1:8", OTHER_URL));
            long learner = learner();
            outcome("second learner", () -> add(true, "http://127.0.0.1:10"));
            outcome("voter at its url", () -> add(false, "http://127.0.0.1:8"));
            outcome("take own url", () -> update(learner, ownUrl));
            outcome("new urls", () -> update(learner, "http://127.0.0.1:12", "http://127.0.0.1:11"));
            outcome("promote behind", () -> promote(learner));
            outcome("move to learner", () -> move(learner));
            outcome("remove last beside learner", () -> remove(id));
            outcome("put", () -> put());
            outcome("remove learner", () -> remove(learner));
            outcome("remove again", () -> remove(learner));
            outcome("promote removed", () -> promote(learner));
            outcome("update removed", () -> update(learner, OTHER_URL));
            outcome("own new url", () -> update(id, "http://127.0.0.1:13"));
            outcome("list", () -> list());
        }

        void downgrade() {
            for (String version : List.of("3.6", "3.6.4", "3.6.0-rc.1", "3.5", "3.7", "3.8", "4.6")) {
                outcome("validate " + version, () -> downgrade(DowngradeAction.VALIDATE, version));
            }
            for (String version :
                    List.of("nonsense", "", "3", "v3.6", "3.6.", "3.6.1.2", " 3.6", "3.6.0-a_b", "-3.6.0")) {
                outcome("validate " + version, () -> downgrade(DowngradeAction.VALIDATE, version));
            }
            outcome("cancel nothing", () -> downgrade(DowngradeAction.CANCEL, ""));
            outcome("enable too far", () -> downgrade(DowngradeAction.ENABLE, "3.5"));
            outcome("enable nonsense", () -> downgrade(DowngradeAction.ENABLE, "x"));
            outcome(
                    "unknown action",
                    () -> version(maintenance()
                            .downgrade(DowngradeRequest.newBuilder()
                                    .setActionValue(9)
                                    .build())));
            outcome("enable", () -> downgrade(DowngradeAction.ENABLE, "3.6"));
            until(status -> status.getStorageVersion().equals("3.6.0"));
            outcome("status", () -> state(status()));
            outcome("enable again", () -> downgrade(DowngradeAction.ENABLE, "3.6"));
            outcome("enable during one", () -> downgrade(DowngradeAction.ENABLE, "3.5"));
            server.terminate(LIMIT);
            restart();
            outcome("status after restart", () -> state(status()));
            outcome("cancel", () -> downgrade(DowngradeAction.CANCEL, ""));
            until(status -> status.getStorageVersion().equals("3.7.0"));
            outcome("status after cancel", () -> state(status()));
        }

        void outcome(String name, Supplier<String> call) {
            String outcome;
            try {
                outcome = call.get();
            } catch (StatusRuntimeException e) {
                Status status = e.getStatus();
                outcome = status.getCode() + " " + status.getDescription();
            }
            outcomes.add(name + ": " + outcome);
        }

        void until(java.util.function.Predicate<StatusResponse> condition) {
            long end = System.nanoTime() + LIMIT.toNanos();
            while (!condition.test(status())) {
                assertThat(System.nanoTime() - end)
                        .as("waited too long; %s", server.logTail())
                        .isNegative();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }

        void restart() {
            channel.shutdownNow();
            server.start();
            channel = connect(server);
        }

        String add(boolean learner, String... urls) {
            MemberAddResponse response = cluster()
                    .memberAdd(MemberAddRequest.newBuilder()
                            .setIsLearner(learner)
                            .addAllPeerURLs(List.of(urls))
                            .build());
            return members(List.of(response.getMember())) + " of " + members(response.getMembersList());
        }

        String remove(long member) {
            return members(cluster()
                    .memberRemove(MemberRemoveRequest.newBuilder().setID(member).build())
                    .getMembersList());
        }

        String update(long member, String... urls) {
            return members(cluster()
                    .memberUpdate(MemberUpdateRequest.newBuilder()
                            .setID(member)
                            .addAllPeerURLs(List.of(urls))
                            .build())
                    .getMembersList());
        }

        String promote(long member) {
            return members(cluster()
                    .memberPromote(
                            MemberPromoteRequest.newBuilder().setID(member).build())
                    .getMembersList());
        }

        String list() {
            return members(
                    cluster().memberList(MemberListRequest.getDefaultInstance()).getMembersList());
        }

        String move(long member) {
            boolean header = maintenance()
                    .moveLeader(
                            MoveLeaderRequest.newBuilder().setTargetID(member).build())
                    .hasHeader();
            return header ? "header" : "no header";
        }

        String put() {
            KVGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS)
                    .put(PutRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8("k"))
                            .build());
            return "ok";
        }

        String downgrade(DowngradeAction action, String version) {
            return version(maintenance()
                    .downgrade(DowngradeRequest.newBuilder()
                            .setAction(action)
                            .setVersion(version)
                            .build()));
        }

        private static String version(DowngradeResponse response) {
            return response.hasHeader() ? response.getVersion() : "no header";
        }

        StatusResponse status() {
            return maintenance().status(StatusRequest.getDefaultInstance());
        }

        private static String state(StatusResponse status) {
            return status.getStorageVersion() + " " + status.getDowngradeInfo().getEnabled() + " "
                    + status.getDowngradeInfo().getTargetVersion();
        }

        private long learner() {
            return cluster().memberList(MemberListRequest.getDefaultInstance()).getMembersList().stream()
                    .filter(Member::getIsLearner)
                    .findFirst()
                    .orElseThrow()
                    .getID();
        }

        /** The own member first: ids depend on the time of adding. */
        private String members(List<Member> members) {
            List<String> texts = new ArrayList<>();
            for (Member member : members) {
                texts.add((member.getID() == id ? "self " : "other ")
                        + member.getName()
                        + member.getPeerURLsList().stream()
                                .map(url -> url.equals(ownUrl) ? "OWN" : url)
                                .toList()
                        + member.getClientURLsCount()
                        + (member.getIsLearner() ? " learner" : ""));
            }
            texts.sort(java.util.Comparator.reverseOrder());
            return texts.toString();
        }

        private ClusterGrpc.ClusterBlockingStub cluster() {
            return ClusterGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }

        private MaintenanceGrpc.MaintenanceBlockingStub maintenance() {
            return MaintenanceGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }

        private static ManagedChannel connect(ServerProcess server) {
            return NettyChannelBuilder.forTarget(server.target()).usePlaintext().build();
        }

        @Override
        public void close() {
            channel.shutdownNow();
        }
    }
}
