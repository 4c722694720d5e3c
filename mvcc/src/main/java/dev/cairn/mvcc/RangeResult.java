package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a range. The key-values are encoded {@code mvccpb.KeyValue} messages, as a rule the very bytes that are
 * stored, so that an answer can be put together without decoding any. Immutable but for the rest; owns its bytes.
 *
 * @param revision the store's current revision when the range was evaluated, not the revision read
 * @param count all keys of the range at the revision read, whatever limit and filters left of them
 * @param more whether the limit cut off keys
 * @param keyValues the first ones at least
 * @param rest those behind them; null when there are none. Only those of {@link MvccStore} who ask for it get it; close the result then
 */
public record RangeResult(
        long revision,
        long count,
        boolean more,
        List<ByteString> keyValues,
        @Nullable RangeRest rest) implements AutoCloseable {
    public RangeResult {
        keyValues = List.copyOf(keyValues);
    }

    /** A whole answer. */
    public RangeResult(long revision, long count, boolean more, List<ByteString> keyValues) {
        this(revision, count, more, keyValues, null);
    }

    /** The same with count and more. */
    public RangeResult counted(long all, boolean cutOff) {
        return new RangeResult(revision, all, cutOff, keyValues, rest);
    }

    /** How many key-values there are, with those of the rest. */
    public long keyValuesInAll() {
        return keyValues.size() + (rest == null ? 0 : rest.keyValues());
    }

    /** Gives up the rest, if there is one. Idempotent. */
    @Override
    public void close() {
        if (rest != null) {
            rest.close();
        }
    }

    /** The same answer as a message, without the rest; its header has the revision only. */
    public RangeResponse toResponse() {
        RangeResponse.Builder response = RangeResponse.newBuilder()
                .setHeader(ResponseHeader.newBuilder().setRevision(revision))
                .setCount(count)
                .setMore(more);
        for (ByteString encoded : keyValues) {
            response.addKvs(KeyValues.decode(encoded));
        }
        return response.build();
    }
}
