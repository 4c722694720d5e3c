package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.PutRequest;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When the flusher starts before its interval is over. */
class StoreFlusherTest {
    private static final int OPERATIONS_MAX = 100;
    private static final int OVERLAY_BYTES_MAX = 1 << 20;

    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk())
            .withFlush(Duration.ofHours(1).toNanos(), OPERATIONS_MAX, OVERLAY_BYTES_MAX));
    private long index;

    @BeforeEach
    void beginInterval() {
        store.flusher().doWork(0);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void put(int count, int valueBytes) throws KvException {
        for (int i = 0; i < count; i++) {
            store.put(PutRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("key-" + i))
                    .setValue(ByteString.copyFrom(new byte[valueBytes]))
                    .build());
            store.applied(++index, 1);
        }
    }

    @Test
    void shouldWaitForAFewSmallValues() throws KvException {
        put(OPERATIONS_MAX - 1, 100);
        store.flusher().doWork(1);

        assertThat(store.flusher().durableIndex()).isZero();
    }

    @Test
    void shouldNotWaitForManyValues() throws KvException {
        put(OPERATIONS_MAX, 100);
        store.flusher().doWork(1);

        assertThat(store.flusher().durableIndex()).isEqualTo(OPERATIONS_MAX);
    }

    @Test
    void shouldNotWaitForLargeValues() throws KvException {
        put(6, 10_000);
        store.flusher().doWork(1);

        assertThat(store.flusher().durableIndex()).isEqualTo(6);
    }
}
