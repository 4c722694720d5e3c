package dev.cairn.it.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.Lease;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.kv.DeleteResponse;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.PutResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.CompactOption;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.LeaseOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import java.nio.file.Path;
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

/** jetcd, the Java client, against our server: keys, transactions, leases and watches. */
@Tag("client")
@Timeout(120)
@SuppressWarnings("NullAway.Init") // The fields are set before each test.
class JetcdTest {
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
    void shouldPutGetAndDelete() throws Exception {
        KV kv = client.getKVClient();
        for (int i = 0; i < 5; i++) {
            get(kv.put(bytes("key" + i), bytes("value" + i)));
        }
        PutResponse put =
                get(kv.put(bytes("key0"), bytes("new"), PutOption.builder().withPrevKV().build()));
        assertThat(put.getPrevKv().getValue()).isEqualTo(bytes("value0"));
        long revision = put.getHeader().getRevision();

        GetResponse range = get(kv.get(
                bytes("key"),
                GetOption.builder()
                        .isPrefix(true)
                        .withLimit(2)
                        .withSortField(GetOption.SortTarget.KEY)
                        .withSortOrder(GetOption.SortOrder.DESCEND)
                        .build()));
        assertThat(range.getCount()).isEqualTo(5);
        assertThat(range.isMore()).isTrue();
        assertThat(range.getKvs().get(0).getKey()).isEqualTo(bytes("key4"));

        GetResponse old = get(kv.get(
                bytes("key0"), GetOption.builder().withRevision(revision - 1).build()));
        assertThat(old.getKvs().get(0).getValue()).isEqualTo(bytes("value0"));
        assertThat(old.getKvs().get(0).getVersion()).isEqualTo(1);

        DeleteResponse deleted = get(kv.delete(
                bytes("key"),
                DeleteOption.builder().isPrefix(true).withPrevKV(true).build()));
        assertThat(deleted.getDeleted()).isEqualTo(5);
        assertThat(deleted.getPrevKvs()).hasSize(5);

        get(kv.compact(revision, CompactOption.builder().withCompactPhysical(true).build()));
        assertThatThrownBy(() -> get(kv.get(
                        bytes("key0"),
                        GetOption.builder().withRevision(revision - 1).build())))
                .hasMessageContaining("required revision has been compacted");
    }

    @Test
    void shouldRunTransactions() throws Exception {
        KV kv = client.getKVClient();
        TxnResponse first = get(kv.txn()
                .If(new Cmp(bytes("key"), Cmp.Op.EQUAL, CmpTarget.version(0)))
                .Then(Op.put(bytes("key"), bytes("then"), PutOption.DEFAULT), Op.get(bytes("key"), GetOption.DEFAULT))
                .Else(Op.delete(bytes("key"), DeleteOption.DEFAULT))
                .commit());
        assertThat(first.isSucceeded()).isTrue();
        assertThat(first.getGetResponses().get(0).getKvs().get(0).getValue()).isEqualTo(bytes("then"));
        TxnResponse second = get(kv.txn()
                .If(new Cmp(bytes("key"), Cmp.Op.GREATER, CmpTarget.value(bytes("zzz"))))
                .Then(Op.get(bytes("key"), GetOption.DEFAULT))
                .Else(Op.delete(bytes("key"), DeleteOption.DEFAULT))
                .commit());
        assertThat(second.isSucceeded()).isFalse();
        assertThat(second.getDeleteResponses().get(0).getDeleted()).isEqualTo(1);
    }

    @Test
    void shouldKeepAndRevokeLeases() throws Exception {
        Lease leases = client.getLeaseClient();
        KV kv = client.getKVClient();
        long id = get(leases.grant(60)).getID();
        get(kv.put(
                bytes("leased"),
                bytes("x"),
                PutOption.builder().withLeaseId(id).build()));
        assertThat(get(leases.keepAliveOnce(id)).getTTL()).isEqualTo(60);
        var left = get(leases.timeToLive(
                id, LeaseOption.builder().withAttachedKeys().build()));
        assertThat(left.getGrantedTTL()).isEqualTo(60);
        assertThat(left.getKeys()).containsExactly(bytes("leased"));
        get(leases.revoke(id));
        assertThat(get(kv.get(bytes("leased"))).getCount()).isZero();
    }

    @Test
    void shouldWatchPastAndPresent() throws Exception {
        KV kv = client.getKVClient();
        long start = get(kv.put(bytes("w/1"), bytes("past"))).getHeader().getRevision();
        BlockingQueue<WatchEvent> events = new LinkedBlockingQueue<>();
        WatchOption option = WatchOption.builder()
                .isPrefix(true)
                .withRevision(start)
                .withPrevKV(true)
                .build();
        try (Watch.Watcher watcher = client.getWatchClient()
                .watch(bytes("w/"), option, response -> events.addAll(response.getEvents()))) {
            assertThat(next(events).getKeyValue().getValue()).isEqualTo(bytes("past"));
            get(kv.put(bytes("w/1"), bytes("present")));
            WatchEvent put = next(events);
            assertThat(put.getEventType()).isEqualTo(WatchEvent.EventType.PUT);
            assertThat(put.getPrevKV().getValue()).isEqualTo(bytes("past"));
            get(kv.delete(bytes("w/1")));
            WatchEvent deleted = next(events);
            assertThat(deleted.getEventType()).isEqualTo(WatchEvent.EventType.DELETE);
            assertThat(deleted.getPrevKV().getValue()).isEqualTo(bytes("present"));
            assertThat(watcher.isClosed()).isFalse();
        }
    }

    private static WatchEvent next(BlockingQueue<WatchEvent> events) throws InterruptedException {
        WatchEvent event = events.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        assertThat(event).as("the next event").isNotNull();
        return event;
    }

    private static <T> T get(CompletableFuture<T> answer) throws Exception {
        return answer.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    private static ByteSequence bytes(String text) {
        return ByteSequence.from(text, UTF_8);
    }
}
