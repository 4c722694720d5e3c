package dev.cairn.server.rpc;

import dev.cairn.failpoint.FailPoint;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.RangeReader;
import dev.cairn.mvcc.RangeResult;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.server.api.EtcdError;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One {@code RangeStream}: a range read chunk by chunk at one revision, each chunk only once the transport has taken the
 * one before it, so that a slow client costs one chunk of memory and no open read transaction.
 *
 * <p>States: waiting for the read gate, streaming, ended. {@link #start} and {@link #drain} may meet on different threads
 * at the start, so both hold the lock; drain sends while the transport is ready and is called again when it becomes so.
 */
final class RangeStreamCall {
    /** How etcd begins: small, because the size of the keys is not known yet. */
    private static final int FIRST_CHUNK_KEYS = 10;

    private final Object lock = new Object();
    private final ServerCallStreamObserver<RangeAnswer> call;
    private final Headers headers;
    private final long requestBytesMax;
    private @Nullable RangeReader reader;
    private BooleanSupplier stale = () -> false;
    private int chunkKeys;
    private boolean ended;

    RangeStreamCall(
            RangeRequest request, ServerCallStreamObserver<RangeAnswer> call, Headers headers, long requestBytesMax) {
        this.call = call;
        this.headers = headers;
        this.requestBytesMax = requestBytesMax;
        // A limit below zero is none, and in etcd it is none for the chunk as well.
        this.chunkKeys = request.getLimit() < 0 ? Integer.MAX_VALUE : FIRST_CHUNK_KEYS;
    }

    /** What cannot be streamed; null when the request can. */
    static @Nullable EtcdError check(RangeRequest request) {
        boolean byKey = request.getSortTarget() == RangeRequest.SortTarget.KEY;
        boolean unsorted = request.getSortOrder() == RangeRequest.SortOrder.NONE;
        boolean ascending = request.getSortOrder() == RangeRequest.SortOrder.ASCEND;
        if (!unsorted && !(byKey && ascending)) {
            return EtcdError.RANGE_STREAM_SORT;
        }
        boolean filtered = request.getMinModRevision() != 0
                || request.getMaxModRevision() != 0
                || request.getMinCreateRevision() != 0
                || request.getMaxCreateRevision() != 0;
        return filtered ? EtcdError.RANGE_STREAM_FILTERS : null;
    }

    /** @param isStale asked at the end: whether who asked has lost the right to what was read */
    void start(RangeReader opened, BooleanSupplier isStale) {
        synchronized (lock) {
            reader = opened;
            stale = isStale;
        }
        drain();
    }

    void drain() {
        synchronized (lock) {
            RangeReader source = reader;
            if (source == null) {
                return;
            }
            try {
                while (!ended && !call.isCancelled() && call.isReady()) {
                    sendChunk(source);
                }
            } catch (KvException e) {
                ended = true;
                Calls.refuse(call, EtcdError.of(e));
            }
        }
    }

    private RangeAnswer last(RangeReader source, RangeResult piece) throws KvException {
        try {
            return RangeAnswer.chunk(headers.header(source.revision()), piece.counted(source.count(), source.more()));
        } catch (KvException e) {
            piece.close();
            throw e;
        }
    }

    private void sendChunk(RangeReader source) throws KvException {
        FailPoint.BEFORE_RANGE_STREAM_CHUNK.hit();
        RangeResult piece = source.next(chunkKeys);
        ended = !source.hasNext();
        RangeAnswer chunk = ended ? last(source, piece) : RangeAnswer.chunk(null, piece);
        if (!chunk.fits()) {
            ended = true;
            Calls.discard(chunk);
            Calls.refuse(call, chunk.tooLong());
            return;
        }
        long bytes = chunk.encodedSize();
        call.onNext(chunk);
        if (ended && stale.getAsBoolean()) {
            Calls.refuse(call, EtcdError.AUTH_OLD_REVISION);
        } else if (ended) {
            call.onCompleted();
        } else if (bytes < requestBytesMax / 2) {
            chunkKeys = (int) Math.min(2L * chunkKeys, Integer.MAX_VALUE);
        } else if (bytes > requestBytesMax * 2) {
            chunkKeys = Math.max(1, chunkKeys / 2);
        }
    }
}
