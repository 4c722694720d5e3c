package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import java.util.List;

/**
 * The answer to a range. The key-values are encoded {@code mvccpb.KeyValue} messages, as a rule the very bytes that are
 * stored, so that an answer can be put together without decoding any. Immutable; owns its bytes.
 *
 * @param revision the store's current revision when the range was evaluated, not the revision read
 * @param count all keys of the range at the revision read, whatever limit and filters left of them
 * @param more whether the limit cut off keys
 */
public record RangeResult(long revision, long count, boolean more, List<ByteString> keyValues) {
    public RangeResult {
        keyValues = List.copyOf(keyValues);
    }

    /** The same answer as a message; its header has the revision only. */
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
