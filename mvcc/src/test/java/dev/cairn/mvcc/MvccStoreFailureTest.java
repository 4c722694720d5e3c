package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.lmdb.LmdbBackend;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a store does whose backend has no room left. */
@Timeout(60)
class MvccStoreFailureTest {
    private static final ByteString KEY = ByteString.copyFromUtf8("key");

    @TempDir
    Path directory;

    private static PutRequest put(int bytes) {
        return PutRequest.newBuilder()
                .setKey(KEY)
                .setValue(ByteString.copyFrom(new byte[bytes]))
                .build();
    }

    @Test
    void shouldTakeNoWritesAfterAFailedFlush() throws Exception {
        List<Throwable> failures = new ArrayList<>();
        StoreOptions options = StoreOptions.of(tables -> LmdbBackend.open(directory, 1 << 20, tables))
                .onFailure(failures::add);
        try (MvccStore store = MvccStore.open(options)) {
            store.put(put(10));
            store.applied(1, 1);
            store.flusher().flush();
            store.put(put(2 << 20));
            store.applied(2, 1);
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> store.flusher().flush()).isInstanceOf(StoreFailedException.class);
            }
            assertThat(failures).hasSize(1);
            assertThatThrownBy(() -> store.put(put(10))).isInstanceOf(StoreFailedException.class);
            assertThatThrownBy(() -> store.applied(3, 1)).isInstanceOf(StoreFailedException.class);
            assertThatThrownBy(() -> store.flusher().doWork(0)).isInstanceOf(StoreFailedException.class);
            // What was applied can still be read.
            RangeRequest range = RangeRequest.newBuilder().setKey(KEY).build();
            assertThat(store.range(range).keyValues().get(0).size()).isGreaterThan(2 << 20);
            assertThat(store.flusher().durableIndex()).isEqualTo(1);
        }
        try (MvccStore store = MvccStore.open(options)) {
            assertThat(store.appliedState().index()).isEqualTo(1);
            assertThat(store.currentRevision()).isEqualTo(2);
            StoreCheck.check(store.state.backend());
        }
    }

    @Test
    void shouldRefuseAFlushInsideAnEntry() throws Exception {
        StoreOptions options = StoreOptions.of(tables -> LmdbBackend.open(directory, 1 << 24, tables));
        try (MvccStore store = MvccStore.open(options)) {
            store.put(put(10));
            assertThatThrownBy(() -> store.flusher().flush()).isInstanceOf(IllegalStateException.class);
        }
        try (MvccStore store = MvccStore.open(options)) {
            assertThat(store.currentRevision()).as("half an entry is not kept").isEqualTo(1);
        }
    }
}
