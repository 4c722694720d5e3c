package dev.cairn.server.peer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.lease.ExpirySink;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.HashKv;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.corruption.OwnHashes;
import dev.cairn.server.corruption.PeerHashes.Answer;
import dev.cairn.server.corruption.PeerHashes.Failure;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.http.Pages;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.net.HttpListeners;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goal: questions and answers about digests meet. Method: the client asks members whose peer ports serve the pages, or something else. */
@Timeout(60)
class PeerHashClientTest {
    private static final long CLUSTER = 0xc1;
    private static final long SELF = 1;
    private static final HashKv HASH = new HashKv(-5, 3, 9, 12);

    private final EventLoops loops = EventLoops.open();
    private final List<HttpListeners> ports = new ArrayList<>();
    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final Cluster cluster = new Cluster(new Identity(CLUSTER, SELF), store);
    private final PeerHashClient client =
            new PeerHashClient(cluster, new PeerClient(ForkJoinPool.commonPool(), null), Duration.ofSeconds(10));

    private static final OwnHashes HASHES = new OwnHashes() {
        @Override
        public HashKv at(long revision) throws KvException {
            if (revision < 3) {
                throw new KvException(KvException.Reason.COMPACTED);
            }
            if (revision > 12) {
                throw new KvException(KvException.Reason.FUTURE_REVISION);
            }
            return HASH;
        }

        @Override
        public List<HashKv> ofCompactions() {
            return List.of();
        }
    };

    @AfterEach
    void stop() {
        ports.forEach(port -> port.stop(Duration.ZERO));
        loops.close();
        store.close();
    }

    @Test
    void shouldAskNobodyWhereThereIsNobodyElse() {
        member(SELF, "http://127.0.0.1:1");
        assertThat(client.at(9)).isEmpty();
    }

    @Test
    void shouldTellTheDigestOrWhyThereIsNone() throws Exception {
        String url = serve(pages(CLUSTER));
        member(SELF, "http://127.0.0.1:1");
        member(2, url);
        assertThat(client.at(9)).containsExactly(Answer.of(2, List.of(url), HASH));
        assertThat(client.at(2)).containsExactly(Answer.failed(2, List.of(url), Failure.COMPACTED));
        assertThat(client.at(13)).containsExactly(Answer.failed(2, List.of(url), Failure.FUTURE_REVISION));
    }

    @Test
    void shouldNoticeAMemberOfAnotherCluster() throws Exception {
        String url = serve(pages(CLUSTER + 1));
        member(2, url);
        assertThat(client.at(9)).containsExactly(Answer.failed(2, List.of(url), Failure.CLUSTER_ID_MISMATCH));
    }

    @Test
    void shouldTryEveryUrlOfAMember() throws Exception {
        String silent = serve(request -> CompletableFuture.completedFuture(HttpAnswer.notFound()));
        String good = serve(pages(CLUSTER));
        member(2, silent, good);
        assertThat(client.at(9)).containsExactly(Answer.of(2, List.of(silent, good), HASH));
    }

    @Test
    void shouldTakeNonsenseForNoAnswer() throws Exception {
        String nonsense = serve(request -> CompletableFuture.completedFuture(HttpAnswer.json(200, "{\"hash\":")));
        String refusing = serve(request -> CompletableFuture.completedFuture(HttpAnswer.plain(500, COMPACTED_TEXT)));
        member(2, nonsense);
        member(3, refusing);
        member(4, "http://127.0.0.1:1");
        assertThat(client.at(9))
                .extracting(Answer::failure)
                .containsOnly(Failure.UNREACHABLE)
                .hasSize(3);
    }

    private static final String COMPACTED_TEXT = "mvcc: required revision has been compacted\n";

    private HttpHandler pages(long clusterId) {
        Cluster theirs = new Cluster(new Identity(clusterId, 2), store);
        ReadGate reads = done -> done.complete(1L);
        PeerPages pages = new PeerPages(
                theirs, HASHES, reads, (id, token) -> new CompletableFuture<>(), () -> false, Runnable::run);
        Lessor lessor = new Lessor(store, LessorOptions.forElection(10, 100), ExpirySink.NONE, 0);
        LeaseForwarding leases = new LeaseForwarding(
                lessor, reads, (request, done) -> done.fail(EtcdError.STOPPED), Duration.ofSeconds(1));
        return pages.router(leases, () -> new Pages.Versions("", "", ""));
    }

    private String serve(HttpHandler handler) throws Exception {
        HttpListeners port = HttpListeners.on(loops);
        ports.add(port);
        InetSocketAddress address = (InetSocketAddress)
                port.bind(new EtcdUrl("http", "127.0.0.1", 0, "http://127.0.0.1:0"), handler, 1 << 20);
        port.serve();
        return "http://127.0.0.1:" + address.getPort();
    }

    private void member(long id, String... urls) {
        cluster.add(new Member(id, List.of(urls), false, "", List.of()));
    }
}
