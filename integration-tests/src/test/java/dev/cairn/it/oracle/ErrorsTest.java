package dev.cairn.it.oracle;

import static dev.cairn.it.oracle.CensusClient.outcome;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.AuthEnableRequest;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.AuthRoleAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleRequest;
import dev.cairn.proto.etcdserverpb.AuthenticateRequest;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.Member;
import dev.cairn.proto.etcdserverpb.MemberAddRequest;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.MemberRemoveRequest;
import dev.cairn.proto.etcdserverpb.MemberUpdateRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: code and text of the errors that generated calls do not provoke are etcd's. Method: one script for each situation, against
 * ours and a real etcd; the outcomes must be the same.
 */
@Tag("oracle")
@Timeout(240)
class ErrorsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String ABSENT_URL = "http://127.0.0.1:9";
    private static final String SECOND_URL = "http://127.0.0.1:10";
    /** Together more than the 64 MiB that may wait for the log. */
    private static final int LARGE_REQUESTS = 60;

    private static final int LARGE_BYTES = 1_400_000;
    private static final int SIGTERM_EXIT = 143;
    private static final int ATTEMPTS_MAX = 50;
    private static final String[] QUICK = {"--heartbeat-interval=10", "--election-timeout=100"};

    private static final Set<String> EXERCISED = new TreeSet<>();

    @TempDir
    Path directory;

    /** What the table of coverage says of this test is true. */
    @AfterAll
    static void shouldExerciseWhatTheTableSays() throws IOException {
        ApiCoverage.read().verify(ErrorsTest.class, EXERCISED);
    }

    private interface Script {
        void run(ServerProcess server, CensusClient client, List<String> outcomes) throws Exception;
    }

    /** Runs the script on both; what both answered. */
    private List<String> onBoth(Script script, String... flags) throws Exception {
        List<String> real = run(Programs.real("etcd"), "real", script, flags);
        assertThat(run(Programs.ours(), "ours", script, flags)).isEqualTo(real);
        return real;
    }

    private List<String> run(Path program, String name, Script script, String... flags) throws Exception {
        List<String> outcomes = new ArrayList<>();
        try (ServerProcess server = ServerProcess.start(program, directory.resolve(name), flags);
                CensusClient client = new CensusClient(server)) {
            try {
                script.run(server, client, outcomes);
            } catch (Exception | AssertionError e) {
                throw new AssertionError(name + " after " + outcomes + "\n" + server.logTail(), e);
            }
            if (program.equals(Programs.ours())) {
                client.addTo(EXERCISED);
            }
        }
        return outcomes;
    }

    @Test
    void shouldTellWhyNothingIsDoneWithoutAQuorum() throws Exception {
        // With the usual election timeout, so that the put comes before the leader notices.
        List<String> outcomes = onBoth((server, client, told) -> {
            var ignored = client.stub(LeaseGrpc::newBlockingStub)
                    .leaseGrant(
                            LeaseGrantRequest.newBuilder().setID(7).setTTL(600).build());
            CompletableFuture<Status> watch = watchWithLeader(client);
            addAbsentVoter(client);
            ListenableFuture<?> underWay = client.stub(KVGrpc::newFutureStub).put(put());
            awaitNoLeader(client);
            told.add("put with leader: "
                    + outcome(() -> client.stub(KVGrpc::newBlockingStub, "hasleader", "true")
                            .put(put())));
            told.add("watch with leader: " + CensusClient.text(watch.get(CensusClient.WAIT_SECONDS, TimeUnit.SECONDS)));
            KVGrpc.KVFutureStub kv = client.stub(KVGrpc::newFutureStub);
            ListenableFuture<?> put = kv.put(put());
            ListenableFuture<?> range = kv.range(range().build());
            ListenableFuture<?> compaction =
                    kv.compact(CompactionRequest.newBuilder().setRevision(1).build());
            ListenableFuture<?> enable =
                    client.stub(AuthGrpc::newFutureStub).authEnable(AuthEnableRequest.getDefaultInstance());
            ListenableFuture<?> members = client.stub(ClusterGrpc::newFutureStub)
                    .memberList(
                            MemberListRequest.newBuilder().setLinearizable(true).build());
            told.add("serializable range: "
                    + client.stub(KVGrpc::newBlockingStub)
                            .range(range().setSerializable(true).build())
                            .getCount());
            told.add("put under way: " + outcome(underWay::get));
            told.add("put: " + outcome(put::get));
            told.add("range: " + outcome(range::get));
            told.add("compaction: " + outcome(compaction::get));
            told.add("enable: " + outcome(enable::get));
            told.add("members: " + outcome(members::get));
            told.add("status: "
                    + client.stub(MaintenanceGrpc::newBlockingStub)
                            .status(StatusRequest.getDefaultInstance())
                            .getErrorsList());
        });

        assertThat(outcomes)
                .contains(
                        "put with leader: UNAVAILABLE: etcdserver: no leader",
                        "watch with leader: UNAVAILABLE: etcdserver: no leader",
                        "put under way: UNAVAILABLE: etcdserver: request timed out",
                        "put: DEADLINE_EXCEEDED: context deadline exceeded",
                        "range: UNAVAILABLE: etcdserver: request timed out",
                        "status: [etcdserver: no leader]");
    }

    /** The id of a member is made of its URLs and the second: one that has moved away has left its id behind. */
    @Test
    void shouldTellThatAMemberIsThereAlready() throws Exception {
        List<String> outcomes = onBoth(
                (server, client, told) -> {
                    ClusterGrpc.ClusterBlockingStub cluster = client.stub(ClusterGrpc::newBlockingStub);
                    String again = "";
                    for (int i = 0; i < ATTEMPTS_MAX && !again.contains("already exist"); i++) {
                        // A member that was removed leaves its id behind as well: each attempt has a URL of its own.
                        String url = "http://127.0.0.1:" + (100 + i);
                        Member learner = cluster.memberAdd(learnerAt(url)).getMember();
                        var moved = cluster.memberUpdate(MemberUpdateRequest.newBuilder()
                                .setID(learner.getID())
                                .addPeerURLs(SECOND_URL)
                                .build());
                        assertThat(moved.getMembersList()).hasSize(2);
                        again = outcome(() ->
                                cluster.memberAdd(learnerAt(url)).getMember().getPeerURLsList());
                        for (Member member : cluster.memberList(MemberListRequest.getDefaultInstance())
                                .getMembersList()) {
                            if (member.getIsLearner()) {
                                var ignored = cluster.memberRemove(MemberRemoveRequest.newBuilder()
                                        .setID(member.getID())
                                        .build());
                            }
                        }
                    }
                    told.add(again);
                },
                "--max-learners=2");

        assertThat(outcomes).containsExactly("FAILED_PRECONDITION: etcdserver: member ID already exist");
    }

    @Test
    void shouldTellThatARoleNeedsAName() throws Exception {
        List<String> outcomes = onBoth((server, client, told) -> told.add(outcome(
                () -> client.stub(AuthGrpc::newBlockingStub).roleAdd(AuthRoleAddRequest.getDefaultInstance()))));

        assertThat(outcomes).containsExactly("INVALID_ARGUMENT: etcdserver: role name is empty");
    }

    @Test
    void shouldTellThatItCannotSignTokens() throws Exception {
        KeyPairGenerator keys = KeyPairGenerator.getInstance("RSA");
        keys.initialize(2048);
        String body = Base64.getMimeEncoder()
                .encodeToString(keys.generateKeyPair().getPublic().getEncoded());
        Path pem = Files.writeString(
                directory.resolve("public.pem"),
                "-----BEGIN PUBLIC KEY-----\n" + body + "\n-----END PUBLIC KEY-----\n");
        List<String> outcomes = onBoth(
                (server, client, told) -> {
                    AuthGrpc.AuthBlockingStub auth = client.stub(AuthGrpc::newBlockingStub);
                    var user = auth.userAdd(AuthUserAddRequest.newBuilder()
                            .setName("root")
                            .setPassword("r")
                            .build());
                    var granted = auth.userGrantRole(AuthUserGrantRoleRequest.newBuilder()
                            .setUser("root")
                            .setRole("root")
                            .build());
                    var enabled = auth.authEnable(AuthEnableRequest.getDefaultInstance());
                    assertThat(List.of(user.hasHeader(), granted.hasHeader(), enabled.hasHeader()))
                            .containsOnly(true);
                    told.add(outcome(() -> auth.authenticate(AuthenticateRequest.newBuilder()
                            .setName("root")
                            .setPassword("r")
                            .build())));
                },
                "--bcrypt-cost=4",
                "--auth-token=jwt,pub-key=" + pem + ",sign-method=RS256");

        assertThat(outcomes).containsExactly("UNKNOWN: auth: token signing attempted with verify-only key");
    }

    /** Etcd waits for them as long as a request may take, then closes the connection, which clients take for UNAVAILABLE as well. */
    @Test
    void shouldTellWhatWaitsThatItStops() throws Exception {
        run(Programs.ours(), "ours", (server, client, told) -> {
            addAbsentVoter(client);
            ListenableFuture<?> put = client.stub(KVGrpc::newFutureStub).put(put());
            ListenableFuture<?> range = client.stub(KVGrpc::newFutureStub).range(range().build());
            awaitNoLeader(client);
            assertThat(server.terminate(LIMIT)).isEqualTo(SIGTERM_EXIT);
            assertThat(outcome(put::get)).isEqualTo("UNAVAILABLE: etcdserver: server stopped");
            assertThat(outcome(range::get))
                    .isIn("UNAVAILABLE: etcdserver: leader changed", "UNAVAILABLE: etcdserver: server stopped");
        });
    }

    /** Etcd closes the connection and leaves it to the client's library what to make of that. */
    @Test
    void shouldTellOpenStreamsThatItStops() throws Exception {
        run(Programs.ours(), "ours", (server, client, told) -> {
            CompletableFuture<Status> watch = watchWithLeader(client);
            assertThat(server.terminate(LIMIT)).isEqualTo(SIGTERM_EXIT);
            assertThat(CensusClient.text(watch.get(CensusClient.WAIT_SECONDS, TimeUnit.SECONDS)))
                    .isEqualTo("UNAVAILABLE: etcdserver: server stopped");
        });
    }

    /** Etcd's requests would wait in its memory instead; the bound is ours, the error is etcd's. */
    @Test
    void shouldRefuseWhatDoesNotFitIntoItsQueue() throws Exception {
        run(
                Programs.ours(),
                "ours",
                (server, client, told) -> {
                    loseQuorum(client);
                    KVGrpc.KVFutureStub kv = client.stub(KVGrpc::newFutureStub);
                    List<ListenableFuture<?>> puts = new ArrayList<>();
                    ByteString large = ByteString.copyFrom(new byte[LARGE_BYTES]);
                    for (int i = 0; i < LARGE_REQUESTS; i++) {
                        puts.add(kv.put(put().toBuilder().setValue(large).build()));
                    }
                    Set<String> outcomes = new TreeSet<>();
                    for (ListenableFuture<?> put : puts) {
                        outcomes.add(outcome(put::get));
                    }
                    assertThat(outcomes)
                            .containsExactly(
                                    "DEADLINE_EXCEEDED: context deadline exceeded",
                                    "UNKNOWN: etcdserver: too many requests");
                    assertThat(outcome(
                                    () -> client.stub(KVGrpc::newBlockingStub).put(put())))
                            .as("there is room again")
                            .isEqualTo("DEADLINE_EXCEEDED: context deadline exceeded");
                },
                QUICK);
    }

    /** Has a voter that never comes take the quorum away. */
    private static void loseQuorum(CensusClient client) {
        addAbsentVoter(client);
        awaitNoLeader(client);
    }

    private static void addAbsentVoter(CensusClient client) {
        var added = client.stub(ClusterGrpc::newBlockingStub)
                .memberAdd(MemberAddRequest.newBuilder().addPeerURLs(ABSENT_URL).build());
        assertThat(added.getMembersList()).hasSize(2);
    }

    private static void awaitNoLeader(CensusClient client) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (client.stub(MaintenanceGrpc::newBlockingStub)
                        .status(StatusRequest.getDefaultInstance())
                        .getLeader()
                != 0) {
            assertThat(System.nanoTime() - end).as("it still leads").isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    /** A watch that wants a leader, open already; how it ends. */
    private static CompletableFuture<Status> watchWithLeader(CensusClient client) throws Exception {
        CompletableFuture<Boolean> created = new CompletableFuture<>();
        CompletableFuture<Status> ended = new CompletableFuture<>();
        StreamObserver<WatchRequest> watch = client.stub(WatchGrpc::newStub, "hasleader", "true")
                .watch(new StreamObserver<>() {
                    @Override
                    public void onNext(WatchResponse response) {
                        created.complete(response.getCreated());
                    }

                    @Override
                    public void onError(Throwable cause) {
                        ended.complete(Status.fromThrowable(cause));
                    }

                    @Override
                    public void onCompleted() {
                        ended.complete(Status.OK);
                    }
                });
        watch.onNext(WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder().setKey(bytes("k")))
                .build());
        assertThat(created.get(CensusClient.WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        return ended;
    }

    private static MemberAddRequest learnerAt(String url) {
        return MemberAddRequest.newBuilder().setIsLearner(true).addPeerURLs(url).build();
    }

    private static PutRequest put() {
        return PutRequest.newBuilder().setKey(bytes("k")).build();
    }

    private static RangeRequest.Builder range() {
        return RangeRequest.newBuilder().setKey(bytes("k"));
    }

    private static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
