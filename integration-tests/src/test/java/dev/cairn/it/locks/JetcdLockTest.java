package dev.cairn.it.locks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.Election;
import io.etcd.jetcd.Lock;
import io.etcd.jetcd.election.CampaignResponse;
import io.etcd.jetcd.election.LeaderResponse;
import io.etcd.jetcd.election.NoLeaderException;
import io.etcd.jetcd.election.NotLeaderException;
import io.etcd.jetcd.lock.LockResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.PutOption;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The lock and election clients of jetcd, the Java client. */
@Tag("client")
@Timeout(120)
@SuppressWarnings("NullAway.Init") // The fields are set before each test.
class JetcdLockTest {
    private static final long WAIT_SECONDS = 20;

    @TempDir
    Path directory;

    private ServerProcess server;
    private Client client;

    @BeforeEach
    void start() {
        server = ServerProcess.start(Programs.ours(), directory);
        client = Client.builder().endpoints(server.clientUrl()).build();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void shouldLockAndUnlock() throws Exception {
        Lock locks = client.getLockClient();
        long first = get(client.getLeaseClient().grant(60)).getID();
        long second = get(client.getLeaseClient().grant(60)).getID();
        LockResponse held = get(locks.lock(bytes("jobs"), first));
        CompletableFuture<LockResponse> waiting = locks.lock(bytes("jobs"), second);
        assertThat(get(locks.lock(bytes("jobs"), first)).getKey()).isEqualTo(held.getKey());
        assertThat(waiting.isDone()).isFalse();
        get(locks.unlock(held.getKey()));
        assertThat(get(waiting).getKey().toString(UTF_8)).isEqualTo("jobs/" + Long.toHexString(second));
        get(client.getLeaseClient().revoke(second));
        assertThat(get(locks.lock(bytes("jobs"), first)).getKey()).isEqualTo(held.getKey());
    }

    /** As the page on locks shows it. */
    @Test
    void shouldFenceByTheCreateRevision() throws Exception {
        long lease = get(client.getLeaseClient().grant(60)).getID();
        ByteSequence key =
                get(client.getLockClient().lock(bytes("jobs"), lease)).getKey();
        long token = get(client.getKVClient().get(key)).getKvs().get(0).getCreateRevision();
        assertThat(write(key, token)).isTrue();
        get(client.getLeaseClient().revoke(lease));
        assertThat(write(key, token)).isFalse();
    }

    private boolean write(ByteSequence key, long token) throws Exception {
        return get(client.getKVClient()
                        .txn()
                        .If(new Cmp(key, Cmp.Op.EQUAL, CmpTarget.createRevision(token)))
                        .Then(Op.put(bytes("report"), bytes("content"), PutOption.DEFAULT))
                        .commit())
                .isSucceeded();
    }

    @Test
    void shouldElectProclaimObserveAndResign() throws Exception {
        Election elections = client.getElectionClient();
        long first = get(client.getLeaseClient().grant(60)).getID();
        long second = get(client.getLeaseClient().grant(60)).getID();
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        elections.observe(bytes("chair"), new Election.Listener() {
            @Override
            public void onNext(LeaderResponse response) {
                seen.add(response.getKv().getValue().toString(UTF_8));
            }

            @Override
            public void onError(Throwable error) {
                seen.add(error.toString());
            }

            @Override
            public void onCompleted() {
                seen.add("completed");
            }
        });
        assertThatThrownBy(() -> get(elections.leader(bytes("chair")))).hasCauseInstanceOf(NoLeaderException.class);
        CampaignResponse leader = get(elections.campaign(bytes("chair"), first, bytes("one")));
        assertThat(next(seen)).isEqualTo("one");
        CompletableFuture<CampaignResponse> waiting = elections.campaign(bytes("chair"), second, bytes("two"));
        get(elections.proclaim(leader.getLeader(), bytes("uno")));
        assertThat(next(seen)).isEqualTo("uno");
        assertThat(get(elections.leader(bytes("chair"))).getKv().getValue()).isEqualTo(bytes("uno"));
        assertThat(waiting.isDone()).isFalse();
        get(elections.resign(leader.getLeader()));
        assertThat(get(waiting).getLeader().getLease()).isEqualTo(second);
        assertThat(next(seen)).isEqualTo("two");
        assertThatThrownBy(() -> get(elections.proclaim(leader.getLeader(), bytes("late"))))
                .hasCauseInstanceOf(NotLeaderException.class);
    }

    private static String next(BlockingQueue<String> seen) throws InterruptedException {
        return Objects.requireNonNull(seen.poll(WAIT_SECONDS, TimeUnit.SECONDS), "nothing was observed");
    }

    private static <T> T get(CompletableFuture<T> answer) throws Exception {
        return answer.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    private static ByteSequence bytes(String text) {
        return ByteSequence.from(text, UTF_8);
    }
}
