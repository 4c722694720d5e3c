package dev.cairn.it.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.DefragmentRequest;
import dev.cairn.proto.etcdserverpb.DowngradeRequest;
import dev.cairn.proto.etcdserverpb.HashRequest;
import dev.cairn.proto.etcdserverpb.HashResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.Member;
import dev.cairn.proto.etcdserverpb.MemberAddRequest;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.MemberRemoveRequest;
import dev.cairn.proto.etcdserverpb.MemberUpdateRequest;
import dev.cairn.proto.etcdserverpb.MoveLeaderRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.SnapshotRequest;
import dev.cairn.proto.etcdserverpb.SnapshotResponse;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchCancelRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchProgressRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the fields that generated calls do not reach are set as by etcd. Method: one script for each service, against ours and a
 * real etcd; the answers must be the same, but for what each server chooses: its ids, and the pages of its database.
 */
@Tag("oracle")
@Timeout(240)
class FieldsTest {
    private static final int DIGEST_BYTES = 32;
    private static final int LARGE = 700_000;
    private static final int LARGE_KEYS = 4;

    private static final Set<String> EXERCISED = new TreeSet<>();

    @TempDir
    Path directory;

    /** What the table of coverage says of this test is true. */
    @AfterAll
    static void shouldExerciseWhatTheTableSays() throws IOException {
        ApiCoverage.read().verify(FieldsTest.class, EXERCISED);
    }

    private interface Script {
        void run(ServerProcess server, CensusClient client, List<String> answers) throws Exception;
    }

    private List<String> onBoth(Script script) throws Exception {
        List<List<String>> both = new ArrayList<>();
        for (Path program : List.of(Programs.ours(), Programs.real("etcd"))) {
            List<String> answers = new ArrayList<>();
            try (ServerProcess server = ServerProcess.start(program, directory.resolve("server" + both.size()));
                    CensusClient client = new CensusClient(server)) {
                script.run(server, client, answers);
                if (both.isEmpty()) {
                    client.addTo(EXERCISED);
                }
            }
            both.add(answers);
        }
        assertThat(both.get(0)).isNotEmpty().isEqualTo(both.get(1));
        return both.get(1);
    }

    @Test
    void shouldTellOfItsMembersAfterEachChange() throws Exception {
        List<String> answers = onBoth((server, client, told) -> {
            ClusterGrpc.ClusterBlockingStub cluster = client.stub(ClusterGrpc::newBlockingStub);
            var added = cluster.memberAdd(MemberAddRequest.newBuilder()
                    .setIsLearner(true)
                    .addPeerURLs("http://127.0.0.1:9")
                    .build());
            long learner = added.getMember().getID();
            told.add("added " + header(added.getHeader()) + members(List.of(added.getMember()), learner)
                    + members(added.getMembersList(), learner));
            var updated = cluster.memberUpdate(MemberUpdateRequest.newBuilder()
                    .setID(learner)
                    .addPeerURLs("http://127.0.0.1:10")
                    .build());
            told.add("updated " + header(updated.getHeader()) + members(updated.getMembersList(), learner));
            var list = cluster.memberList(MemberListRequest.getDefaultInstance());
            told.add("listed " + header(list.getHeader()) + members(list.getMembersList(), learner));
            var removed = cluster.memberRemove(
                    MemberRemoveRequest.newBuilder().setID(learner).build());
            told.add("removed " + header(removed.getHeader()) + members(removed.getMembersList(), learner));
        });

        assertThat(answers).hasSize(4).first().asString().contains("the other, learner");
    }

    @Test
    void shouldMaintainItself() throws Exception {
        List<String> answers = onBoth((server, client, told) -> {
            MaintenanceGrpc.MaintenanceBlockingStub maintenance = client.stub(MaintenanceGrpc::newBlockingStub);
            put(client, "k", "v");
            HashResponse hash = maintenance.hash(HashRequest.getDefaultInstance());
            told.add("hash " + header(hash.getHeader()) + (hash.getHash() != 0));
            told.add("hash stays "
                    + (hash.getHash()
                            == maintenance
                                    .hash(HashRequest.getDefaultInstance())
                                    .getHash()));
            told.add("defragment " + text(maintenance.defragment(DefragmentRequest.getDefaultInstance())));
            told.add("snapshot " + snapshot(maintenance.snapshot(SnapshotRequest.getDefaultInstance())));
            var status = maintenance.status(StatusRequest.getDefaultInstance());
            told.add("move "
                    + text(maintenance.moveLeader(MoveLeaderRequest.newBuilder()
                            .setTargetID(status.getHeader().getMemberId())
                            .build())));
            told.add("status " + status.hasDowngradeInfo() + text(status.getDowngradeInfo()));
            var downgrade = maintenance.downgrade(DowngradeRequest.newBuilder()
                    .setAction(DowngradeRequest.DowngradeAction.ENABLE)
                    .setVersion("3.6")
                    .build());
            told.add("downgrade " + downgrade.hasHeader() + downgrade.getVersion());
            told.add("status "
                    + text(maintenance
                            .status(StatusRequest.getDefaultInstance())
                            .getDowngradeInfo()));
        });

        assertThat(answers).contains("status enabled: true targetVersion: \"3.6.0\"");
    }

    @Test
    void shouldWatchCancelAndTellItsProgress() throws Exception {
        List<String> answers = onBoth((server, client, told) -> {
            Responses responses = new Responses();
            StreamObserver<WatchRequest> watch = client.stub(WatchGrpc::newStub).watch(responses);
            watch.onNext(WatchRequest.newBuilder()
                    .setCreateRequest(WatchCreateRequest.newBuilder()
                            .setKey(bytes("k"))
                            .setWatchId(5)
                            .setPrevKv(true))
                    .build());
            told.add("created " + responses.next());
            put(client, "k", "v");
            told.add("event " + responses.next());
            put(client, "k", "w");
            told.add("event " + responses.next());
            watch.onNext(WatchRequest.newBuilder()
                    .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                    .build());
            told.add("progress " + responses.next());
            watch.onNext(WatchRequest.newBuilder()
                    .setCancelRequest(WatchCancelRequest.newBuilder().setWatchId(5))
                    .build());
            told.add("cancelled " + responses.next());
            watch.onCompleted();
        });

        assertThat(answers).hasSize(5).last().asString().contains("watch 5 canceled");
    }

    @Test
    void shouldCutALargeRevisionWhereFragmentsAreWanted() throws Exception {
        List<String> answers = onBoth((server, client, told) -> {
            Responses responses = new Responses();
            StreamObserver<WatchRequest> watch = client.stub(WatchGrpc::newStub)
                    .withMaxInboundMessageSize(16 << 20)
                    .watch(responses);
            watch.onNext(WatchRequest.newBuilder()
                    .setCreateRequest(WatchCreateRequest.newBuilder()
                            .setKey(bytes("k"))
                            .setRangeEnd(bytes("l"))
                            .setPrevKv(true)
                            .setFragment(true))
                    .build());
            told.add("created " + responses.next());
            TxnRequest.Builder deletion = TxnRequest.newBuilder();
            for (int i = 0; i < LARGE_KEYS; i++) {
                put(client, "k" + i, "v".repeat(LARGE));
                assertThat(responses.next()).contains("k" + i);
                deletion.addSuccess(RequestOp.newBuilder()
                        .setRequestPut(PutRequest.newBuilder().setKey(bytes("k" + i))));
            }
            var done = client.stub(KVGrpc::newBlockingStub).txn(deletion.build());
            assertThat(done.getSucceeded()).isTrue();
            String last = "fragment";
            while (last.contains("fragment")) {
                last = responses.next();
                told.add(last);
            }
        });

        assertThat(answers).hasSizeGreaterThan(2);
    }

    private static final class Responses implements StreamObserver<WatchResponse> {
        private final BlockingQueue<String> received = new LinkedBlockingQueue<>();

        String next() throws InterruptedException {
            return Objects.requireNonNull(
                    received.poll(CensusClient.WAIT_SECONDS, TimeUnit.SECONDS), "nothing came from the watch");
        }

        @Override
        public void onNext(WatchResponse response) {
            StringBuilder text = new StringBuilder(header(response.getHeader()))
                    .append(" watch ")
                    .append(response.getWatchId())
                    .append(response.getCreated() ? " created" : "")
                    .append(response.getCanceled() ? " canceled" : "")
                    .append(response.getFragment() ? " fragment" : "")
                    .append(response.getCancelReason());
            response.getEventsList()
                    .forEach(event -> text.append(' ')
                            .append(event.getType())
                            .append(event.getKv().getKey().toStringUtf8())
                            .append(event.getKv().getModRevision())
                            .append(" was ")
                            .append(event.getPrevKv().getValue().size()));
            received.add(text.toString());
        }

        @Override
        public void onError(Throwable cause) {
            received.add("failed: " + cause.getMessage());
        }

        @Override
        public void onCompleted() {
            received.add("completed");
        }
    }

    /** What a client checks of a snapshot: that the sizes add up, and the digest at its end. */
    private static String snapshot(Iterator<SnapshotResponse> responses) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        String text = "";
        byte[] last = {};
        while (responses.hasNext()) {
            digest.update(last);
            SnapshotResponse response = responses.next();
            last = response.getBlob().toByteArray();
            text = (response.hasHeader() ? "header " : "no header ") + response.getVersion() + " left "
                    + response.getRemainingBytes();
        }
        assertThat(last).hasSize(DIGEST_BYTES);
        return text + " digest " + Arrays.equals(last, digest.digest());
    }

    private static String header(ResponseHeader header) {
        return "[" + (header.getClusterId() != 0) + (header.getMemberId() != 0) + header.getRevision()
                + (header.getRaftTerm() != 0) + "]";
    }

    private static String members(List<Member> members, long other) {
        List<String> texts = new ArrayList<>();
        for (Member member : members) {
            boolean isOther = member.getID() == other;
            texts.add((isOther ? "the other" + member.getPeerURLsList() : "self" + member.getPeerURLsCount()) + ", "
                    + (member.getIsLearner() ? "learner" : "voter") + member.getName() + member.getClientURLsCount());
        }
        texts.sort(null);
        return texts.toString().replaceAll("\\[http[^]]*]", "");
    }

    private static void put(CensusClient client, String key, String value) {
        var done = client.stub(KVGrpc::newBlockingStub)
                .put(PutRequest.newBuilder()
                        .setKey(bytes(key))
                        .setValue(bytes(value))
                        .build());
        assertThat(done.hasHeader()).isTrue();
    }

    private static String text(Message message) {
        return TextFormat.printer().emittingSingleLine(true).printToString(message);
    }

    private static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
