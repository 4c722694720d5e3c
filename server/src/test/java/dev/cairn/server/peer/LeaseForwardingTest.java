package dev.cairn.server.peer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.lease.ExpirySink;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.leasepb.LeaseInternalRequest;
import dev.cairn.proto.leasepb.LeaseInternalResponse;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.Router;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LeaseForwardingTest {
    private static final long LEASE = 7;
    private static final ByteString KEY = ByteString.copyFromUtf8("a");
    private static final int REQUEST_TIMEOUT = 408;

    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final Lessor lessor =
            new Lessor(store, LessorOptions.forElection(10, 100), ExpirySink.NONE, System.nanoTime());
    private final Router router = Router.plain();

    @AfterEach
    void close() {
        store.close();
    }

    private HttpAnswer timeToLive(boolean keys) {
        LeaseTimeToLiveRequest request =
                LeaseTimeToLiveRequest.newBuilder().setID(LEASE).setKeys(keys).build();
        byte[] body = LeaseInternalRequest.newBuilder()
                .setLeaseTimeToLiveRequest(request)
                .build()
                .toByteArray();
        return router.handle(HttpRequest.of("POST", LeaseForwarding.TIME_TO_LIVE, Map.of(), body))
                .toCompletableFuture()
                .join();
    }

    @Test
    void shouldHaveTheFollowerAskAgainUntilAllKeysAreAttached() throws Exception {
        new LeaseForwarding(
                        lessor,
                        done -> done.complete(1L),
                        (request, done) -> done.fail(EtcdError.STOPPED),
                        Duration.ofSeconds(1))
                .addTo(router);
        lessor.grant(LEASE, 60, System.nanoTime());
        lessor.restore();
        lessor.promote(System.nanoTime(), 0);
        assertThat(timeToLive(false).status()).isEqualTo(200);
        assertThat(timeToLive(true).status()).isEqualTo(REQUEST_TIMEOUT);

        lessor.attach(LEASE, KEY);
        lessor.attachedAll();
        HttpAnswer told = timeToLive(true);
        assertThat(told.status()).isEqualTo(200);
        assertThat(LeaseInternalResponse.parseFrom(told.body())
                        .getLeaseTimeToLiveResponse()
                        .getKeysList())
                .containsExactly(KEY);
    }
}
