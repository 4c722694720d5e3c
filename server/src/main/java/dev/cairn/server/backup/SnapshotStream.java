package dev.cairn.server.backup;

import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreImage;
import dev.cairn.proto.etcdserverpb.SnapshotResponse;
import dev.cairn.server.digest.Digests;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One backup on its way to a client. Confined to the backup thread, except {@link #close}.
 *
 * <p>States: opening, planning (how long will it be), sending, ended. {@link #work} does a slice of it and says what it waits for.
 * Chunks are made only while the transport takes them.
 */
final class SnapshotStream implements AutoCloseable {
    /** What a message carries, as in etcd. */
    static final int CHUNK_BYTES = 32 << 10;

    /** How long the thread stays with one stream while others wait. */
    private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final Logger LOG = LoggerFactory.getLogger(SnapshotStream.class);

    /** What a slice ended with. */
    enum Progress {
        MORE_TO_DO,
        WAITS_FOR_CLIENT,
        ENDED
    }

    private final MvccStore store;
    private final String storageVersion;
    private final ServerCallStreamObserver<SnapshotResponse> call;
    private final MessageDigest digest;
    private final long startedNanos = System.nanoTime();
    private @Nullable DatabaseSource source;
    private boolean planned;
    private boolean sent;
    private long remaining;

    /** Set once by any thread. */
    private volatile boolean closed;

    SnapshotStream(MvccStore store, String storageVersion, ServerCallStreamObserver<SnapshotResponse> call) {
        this.store = store;
        this.storageVersion = storageVersion;
        this.call = call;
        this.digest = Digests.sha256();
    }

    Progress work() {
        if (closed || call.isCancelled()) {
            release();
            return Progress.ENDED;
        }
        try {
            return slice();
        } catch (StoreImage.LostException e) {
            return fail(Status.ABORTED, e);
        } catch (RuntimeException e) {
            return fail(Status.INTERNAL, e);
        }
    }

    private Progress slice() {
        DatabaseSource open = source;
        if (open == null) {
            open = new DatabaseSource(store.image(), storageVersion);
            source = open;
        }
        long end = System.nanoTime() + SLICE_NANOS;
        while (!planned) {
            planned = open.plan();
            if (System.nanoTime() - end > 0 && !planned) {
                return Progress.MORE_TO_DO;
            }
            if (planned) {
                remaining = open.bytes();
                LOG.atInfo()
                        .setMessage("sending database snapshot to client")
                        .addKeyValue("total-bytes", remaining)
                        .log();
            }
        }
        while (call.isReady()) {
            send(open);
            if (sent) {
                return Progress.ENDED;
            }
            if (System.nanoTime() - end > 0) {
                return Progress.MORE_TO_DO;
            }
        }
        return Progress.WAITS_FOR_CLIENT;
    }

    private void send(DatabaseSource from) {
        SnapshotResponse.Builder message = SnapshotResponse.newBuilder().setVersion(storageVersion);
        if (remaining == 0) {
            LOG.info("sending database sha256 checksum to client");
            // The last message is the digest of all before.
            call.onNext(message.setBlob(UnsafeByteOperations.unsafeWrap(digest.digest()))
                    .build());
            call.onCompleted();
            sent = true;
            release();
            LOG.atInfo()
                    .setMessage("successfully sent database snapshot to client")
                    .addKeyValue("total-bytes", from.bytes())
                    .addKeyValue("took", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos) + "ms")
                    .log();
            return;
        }
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, remaining));
        from.fill(chunk);
        if (chunk.hasRemaining()) {
            throw new IllegalStateException(remaining + " bytes of the snapshot are missing");
        }
        remaining -= chunk.capacity();
        digest.update(chunk.flip());
        call.onNext(message.setRemainingBytes(remaining)
                .setBlob(UnsafeByteOperations.unsafeWrap(chunk.flip()))
                .build());
    }

    private Progress fail(Status status, RuntimeException cause) {
        release();
        LOG.atWarn()
                .setMessage("failed to send database snapshot")
                .setCause(cause)
                .log();
        if (!call.isCancelled()) {
            call.onError(
                    status.withDescription(cause.getMessage()).withCause(cause).asRuntimeException());
        }
        return Progress.ENDED;
    }

    private void release() {
        DatabaseSource open = source;
        if (open != null) {
            open.close();
        }
    }

    long startedNanos() {
        return startedNanos;
    }

    /** Whether the client has got everything. */
    boolean isSent() {
        return sent;
    }

    /** The client has gone: the next slice is the last one. Any thread. */
    @Override
    public void close() {
        closed = true;
    }
}
