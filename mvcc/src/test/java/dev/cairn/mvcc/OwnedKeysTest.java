package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import java.lang.ref.WeakReference;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests share the bytes of the log entry they came in. What the store keeps of them must not keep those. */
@Timeout(60)
class OwnedKeysTest {
    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk())
            .withFlush(Duration.ofHours(1).toNanos(), Integer.MAX_VALUE, Long.MAX_VALUE));

    @AfterEach
    void close() {
        store.close();
    }

    /** A key and a value out of one entry. */
    private record Put(byte[] entry) {
        ByteString slice(int from, int to) {
            return UnsafeByteOperations.unsafeWrap(entry).substring(from, to);
        }

        PutRequest request() {
            return PutRequest.newBuilder()
                    .setKey(slice(0, 10))
                    .setValue(slice(10, 1000))
                    .build();
        }

        DeleteRangeRequest deletion() {
            return DeleteRangeRequest.newBuilder().setKey(slice(0, 10)).build();
        }
    }

    private static void awaitCollected(WeakReference<byte[]> entry) throws InterruptedException {
        while (entry.get() != null) {
            System.gc();
            Thread.sleep(1);
        }
    }

    private WeakReference<byte[]> put() throws KvException {
        Put put = new Put(new byte[1000]);
        store.put(put.request());
        return new WeakReference<>(put.entry());
    }

    private WeakReference<byte[]> delete() throws KvException {
        Put put = new Put(new byte[1000]);
        store.deleteRange(put.deletion());
        return new WeakReference<>(put.entry());
    }

    @Test
    void shouldNotKeepTheEntryOfAPut() throws Exception {
        awaitCollected(put());

        assertThat(store.keys()).isEqualTo(1);
    }

    @Test
    void shouldNotKeepTheEntryOfADeletion() throws Exception {
        put();
        awaitCollected(delete());

        assertThat(store.keys()).isZero();
    }
}
