package dev.cairn.server.backup;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.bbolt.BoltBucket;
import dev.cairn.bbolt.BoltCursor;
import dev.cairn.bbolt.BoltFile;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.Table;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.SnapshotResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SnapshotStreamsTest {
    private static final int PUTS = 400;

    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final Queue<Runnable> queue = new ArrayDeque<>();
    private final List<Long> taken = new ArrayList<>();
    private final SnapshotStreams streams = new SnapshotStreams(store, () -> "3.7.0", queue::add, taken::add);
    private long index;

    @TempDir
    Path directory;

    @BeforeEach
    void fill() throws Exception {
        for (int i = 0; i < PUTS; i++) {
            store.put(PutRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("key-" + i % 50))
                    .setValue(ByteString.copyFrom(new byte[i * 13]))
                    .build());
            store.applied(++index, 2);
        }
        store.put(Table.LEASE, ByteString.copyFromUtf8("lease"), ByteString.copyFromUtf8("content"));
        store.applied(++index, 2);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void run() {
        for (Runnable next = queue.poll(); next != null; next = queue.poll()) {
            next.run();
        }
    }

    /** A call whose transport takes as many messages as the test allows. */
    private static final class Call extends ServerCallStreamObserver<SnapshotResponse> {
        final List<SnapshotResponse> messages = new ArrayList<>();
        int allowed;
        boolean cancelled;
        boolean completed;

        @Nullable
        Throwable error;

        private Runnable onReady = () -> {};
        private Runnable onCancel = () -> {};

        Call(int allowed) {
            this.allowed = allowed;
        }

        void allow(int more) {
            allowed += more;
            onReady.run();
        }

        void cancel() {
            cancelled = true;
            onCancel.run();
        }

        @Override
        public boolean isCancelled() {
            return cancelled;
        }

        @Override
        public void setOnCancelHandler(Runnable handler) {
            onCancel = handler;
        }

        @Override
        public void setCompression(String compression) {}

        @Override
        public boolean isReady() {
            return messages.size() < allowed;
        }

        @Override
        public void setOnReadyHandler(Runnable handler) {
            onReady = handler;
        }

        @Override
        public void setOnReadyThreshold(int bytes) {}

        @Override
        public void disableAutoInboundFlowControl() {}

        @Override
        public void request(int count) {}

        @Override
        public void setMessageCompression(boolean enable) {}

        @Override
        public void onNext(SnapshotResponse value) {
            messages.add(value);
        }

        @Override
        public void onError(Throwable failure) {
            error = failure;
        }

        @Override
        public void onCompleted() {
            completed = true;
        }
    }

    @Test
    void shouldSendADatabaseAndItsDigest() throws Exception {
        Call call = new Call(Integer.MAX_VALUE);
        streams.start(call);
        run();

        assertThat(call.completed).isTrue();
        assertThat(taken).hasSize(1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        List<SnapshotResponse> chunks = call.messages.subList(0, call.messages.size() - 1);
        for (SnapshotResponse chunk : chunks) {
            bytes.write(chunk.getBlob().toByteArray());
        }
        long remaining = bytes.size();
        for (SnapshotResponse chunk : chunks) {
            assertThat(chunk.getBlob().size()).isEqualTo((int) Math.min(remaining, SnapshotStream.CHUNK_BYTES));
            remaining -= chunk.getBlob().size();
            assertThat(chunk.getRemainingBytes()).isEqualTo(remaining);
            assertThat(chunk.getVersion()).isEqualTo("3.7.0");
            assertThat(chunk.hasHeader()).isFalse();
        }
        SnapshotResponse last = call.messages.get(call.messages.size() - 1);
        assertThat(last.getVersion()).isEqualTo("3.7.0");
        assertThat(last.getBlob().toByteArray())
                .isEqualTo(MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray()));

        Path file = Files.write(directory.resolve("db"), bytes.toByteArray());
        try (BoltFile database = BoltFile.open(file)) {
            database.check();
            List<String> expected = new ArrayList<>();
            List<Integer> pairs = new ArrayList<>();
            store.export(new MvccStore.BucketVisitor() {
                @Override
                public void bucket(String name) {
                    expected.add(name);
                    pairs.add(name.equals("meta") ? 1 : 0);
                }

                @Override
                public void pair(ByteString key, ByteString value) {
                    pairs.set(pairs.size() - 1, pairs.get(pairs.size() - 1) + 1);
                }
            });
            for (int i = 0; i < expected.size(); i++) {
                BoltBucket bucket = Objects.requireNonNull(database.root().bucket(expected.get(i)));
                BoltCursor cursor = bucket.cursor();
                int found = 0;
                while (cursor.next()) {
                    found++;
                }
                assertThat(found).as(expected.get(i)).isEqualTo(pairs.get(i));
            }
            BoltBucket meta = Objects.requireNonNull(database.root().bucket("meta"));
            assertThat(meta.get("storageVersion".getBytes(StandardCharsets.US_ASCII)))
                    .isEqualTo("3.7.0".getBytes(StandardCharsets.US_ASCII));
        }
    }

    @Test
    void shouldMakeNothingThatNobodyTakes() {
        Call call = new Call(0);
        streams.start(call);
        run();
        assertThat(call.messages).isEmpty();
        call.allow(3);
        run();
        assertThat(call.messages).hasSize(3);
        assertThat(call.completed).isFalse();
        call.allow(Integer.MAX_VALUE - 3);
        run();
        assertThat(call.completed).isTrue();
    }

    @Test
    void shouldLetCompactionGoOnWhenTheClientHasGone() throws Exception {
        Call call = new Call(1);
        streams.start(call);
        run();
        boolean[] removed = new boolean[1];
        store.scheduleCompaction(store.currentRevision(), () -> removed[0] = true);
        store.applied(++index, 2);
        store.hash();
        assertThat(removed[0]).isFalse();
        call.cancel();
        run();
        store.hash();
        assertThat(removed[0]).isTrue();
        assertThat(call.error).isNull();
        assertThat(taken).isEmpty();
    }

    @Test
    void shouldRefuseMoreThanItCanHold() {
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < SnapshotStreams.STREAMS_MAX; i++) {
            Call call = new Call(1);
            streams.start(call);
            calls.add(call);
        }
        run();
        Call refused = new Call(1);
        streams.start(refused);
        assertThat(refused.error).isNotNull();
        assertThat(Status.fromThrowable(refused.error).getDescription()).isEqualTo("etcdserver: too many requests");
        calls.get(3).cancel();
        run();
        Call next = new Call(Integer.MAX_VALUE);
        streams.start(next);
        run();
        assertThat(next.completed).isTrue();
    }
}
