package dev.cairn.it.locks;

import static dev.cairn.it.locks.Session.bytes;
import static dev.cairn.it.locks.Session.get;
import static dev.cairn.it.locks.Session.outcome;
import static dev.cairn.it.locks.Session.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.v3electionpb.CampaignResponse;
import dev.cairn.proto.v3lockpb.LockResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What our lock and election services promise beyond etcd's, or hold under load. */
@Tag("client")
@Timeout(180)
@SuppressWarnings("NullAway.Init") // The fields are set before each test.
class LockPromisesTest {
    private static final int MANY = 1000;

    @TempDir
    Path directory;

    private ServerProcess server;
    private Session client;

    @BeforeEach
    void start() {
        server = ServerProcess.start(Programs.ours(), directory);
        client = new Session(server);
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    /** etcd fails such a call when the compaction comes within a tenth of a second of a watch's beginning. */
    @Test
    void shouldOutliveCompaction() throws Exception {
        LockResponse held = get(client.lock("l", client.grant(1)));
        try (Session.Observation observation = client.observe("e")) {
            ListenableFuture<LockResponse> waiting = client.lock("l", client.grant(2));
            ListenableFuture<CampaignResponse> first = client.campaign("e", 1, "one");
            assertThat(observation.next()).contains("e/1=one");
            ListenableFuture<CampaignResponse> second = client.campaign("e", 2, "two");
            client.awaitKeys("l/", 2);
            client.awaitKeys("e/", 2);
            for (int i = 0; i < 20; i++) {
                client.compact(client.put("x", "y" + i));
            }
            assertThat(waiting.isDone()).isFalse();
            assertThat(second.isDone()).isFalse();
            client.unlock(held.getKey());
            assertThat(get(waiting).getKey()).isEqualTo(bytes("l/2"));
            client.delete(get(first).getLeader().getKey().toStringUtf8());
            client.compact(client.put("x", "z"));
            assertThat(get(second).getLeader().getKey()).isEqualTo(bytes("e/2"));
            assertThat(observation.next()).contains("e/2=two");
        }
    }

    /** In etcd such a candidate is told that it leads. */
    @Test
    void shouldNotElectWhoseSessionHasEnded() throws Exception {
        CampaignResponse first = get(client.campaign("e", client.grant(1), "one"));
        ListenableFuture<CampaignResponse> second = client.campaign("e", client.grant(2), "two");
        client.awaitKeys("e/", 2);
        client.revoke(2);
        client.delete(first.getLeader().getKey().toStringUtf8());
        assertThat(outcome(() -> get(second))).isEqualTo("UNKNOWN: election: not leader");
    }

    /** In etcd such a caller is told that it holds, if the lease's number has come up again meanwhile. */
    @Test
    void shouldNotTakeAnotherKeyForItsOwn() throws Exception {
        LockResponse held = get(client.lock("l", client.grant(1)));
        ListenableFuture<LockResponse> stale = client.lock("l", client.grant(2));
        client.awaitKeys("l/", 2);
        ListenableFuture<LockResponse> other = client.lock("l", client.grant(3));
        client.awaitKeys("l/", 3);
        client.revoke(2);
        ListenableFuture<LockResponse> again = client.lock("l", client.grant(2));
        client.awaitKeys("l/", 3);
        client.unlock(held.getKey());
        assertThat(outcome(() -> get(stale))).isEqualTo("UNKNOWN: mutex: session is expired");
        client.unlock(get(other).getKey());
        assertThat(get(again).getKey()).isEqualTo(bytes("l/2"));
    }

    @Test
    void shouldServeManyContendersOneAfterTheOther() throws Exception {
        List<ListenableFuture<LockResponse>> contenders = new ArrayList<>();
        List<Session> sessions = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                sessions.add(new Session(server));
            }
            for (int i = 1; i <= MANY; i++) {
                contenders.add(sessions.get(i % sessions.size()).lock("l", client.grant(i)));
            }
            client.awaitKeys("l/", MANY);
            Set<ListenableFuture<LockResponse>> waiting = new HashSet<>(contenders);
            for (var kv : client.range("l/").getKvsList().stream()
                    .sorted((a, b) -> Long.compare(a.getCreateRevision(), b.getCreateRevision()))
                    .toList()) {
                ListenableFuture<LockResponse> next = contenders.get((int) kv.getLease() - 1);
                LockResponse held = get(next);
                waiting.remove(next);
                assertThat(held.getKey()).isEqualTo(kv.getKey());
                assertThat(waiting.stream().filter(c -> c.isDone()))
                        .as("held at the same time as " + text(kv))
                        .isEmpty();
                client.unlock(held.getKey());
            }
            assertThat(waiting).isEmpty();
        } finally {
            sessions.forEach(Session::close);
        }
    }

    /** The lease of such a call is the server's: nobody could give the place back but the server. */
    @Test
    void shouldTakeAwayWhoDiesWithoutALeaseOfItsOwn() throws Exception {
        LockResponse held = get(client.lock("l", client.grant(1)));
        try (Session dying = new Session(server)) {
            ListenableFuture<LockResponse> waiting = dying.lock("l", 0);
            client.awaitKeys("l/", 2);
            assertThat(waiting.isDone()).isFalse();
        }
        client.awaitKeys("l/", 1);
        assertThat(client.keys("l/")).containsExactly(held.getKey().toStringUtf8());
    }

    /** In etcd the lease of such a call ends after a minute, and the wait is in vain. */
    @Test
    void shouldKeepTheLeaseOfAWaitingCallAlive() throws Exception {
        LockResponse held = get(client.lock("l", client.grant(1)));
        ListenableFuture<LockResponse> waiting = client.lock("l", 0);
        client.awaitKeys("l/", 2);
        long lease = client.range("l/").getKvsList().stream()
                .filter(kv -> kv.getLease() != 1)
                .findAny()
                .orElseThrow()
                .getLease();
        Awaitility.await().atMost(Duration.ofSeconds(40)).until(() -> client.timeToLive(lease) < 50);
        Awaitility.await().atMost(Duration.ofSeconds(40)).until(() -> client.timeToLive(lease) > 55);
        assertThat(waiting.isDone()).isFalse();
        client.unlock(held.getKey());
        assertThat(get(waiting).getKey()).isEqualTo(bytes("l/" + Long.toHexString(lease)));
    }

    @Test
    void shouldEndWaitingCallsWhenItStops() throws Exception {
        LockResponse held = get(client.lock("l", client.grant(1)));
        ListenableFuture<LockResponse> waiting = client.lock("l", client.grant(2));
        client.awaitKeys("l/", 2);
        try (Session.Observation observation = client.observe("l")) {
            assertThat(observation.next()).contains(held.getKey().toStringUtf8());
            server.terminate(Duration.ofSeconds(20));
            assertThat(outcome(() -> get(waiting))).startsWith("UNAVAILABLE");
            assertThat(observation.next()).isEqualTo("UNAVAILABLE");
        }
    }

    /**
     * Who holds a lock may be late: its lease has ended, another holds. The create revision of its key, compared in the same
     * transaction as the write, keeps it from doing harm.
     */
    @Test
    void shouldFenceOffAHolderWhoseLeaseHasEnded() throws Exception {
        LockResponse late = get(client.lock("l", client.grant(1)));
        long lateToken = client.range(late.getKey().toStringUtf8()).getKvs(0).getCreateRevision();
        assertThat(write(late, lateToken, "first")).isTrue();
        ListenableFuture<LockResponse> waiting = client.lock("l", client.grant(2));
        client.awaitKeys("l/", 2);
        client.revoke(1);
        LockResponse holder = get(waiting);
        long token = client.range(holder.getKey().toStringUtf8()).getKvs(0).getCreateRevision();
        assertThat(token).isGreaterThan(lateToken);
        assertThat(write(late, lateToken, "late")).isFalse();
        assertThat(write(holder, token, "second")).isTrue();
        // The same key with the same lease's number is another lock.
        client.revoke(2);
        client.grant(1);
        LockResponse again = get(client.lock("l", 1));
        assertThat(again.getKey()).isEqualTo(late.getKey());
        assertThat(write(late, lateToken, "late")).isFalse();
        assertThat(client.range("data").getKvs(0).getValue()).isEqualTo(bytes("second"));
    }

    private boolean write(LockResponse lock, long token, String value) {
        return client.kv
                .txn(TxnRequest.newBuilder()
                        .addCompare(Compare.newBuilder()
                                .setKey(lock.getKey())
                                .setTarget(Compare.CompareTarget.CREATE)
                                .setResult(Compare.CompareResult.EQUAL)
                                .setCreateRevision(token))
                        .addSuccess(RequestOp.newBuilder()
                                .setRequestPut(PutRequest.newBuilder()
                                        .setKey(bytes("data"))
                                        .setValue(bytes(value))))
                        .build())
                .getSucceeded();
    }
}
