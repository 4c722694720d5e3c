package dev.cairn.server.concurrency;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest.SortOrder;
import dev.cairn.proto.etcdserverpb.RangeRequest.SortTarget;
import dev.cairn.proto.etcdserverpb.RequestOp;

/**
 * The keys behind locks and elections, and the requests about them. Clients that make locks by themselves use the same keys,
 * so that both kinds meet in one queue.
 *
 * <pre>
 *   name '/' lease        the lease's ID in lower-case hexadecimal digits, as a signed number
 * </pre>
 */
final class Keys {
    private static final ByteString SEPARATOR = ByteString.copyFrom("/", US_ASCII);

    /** The least byte sequence above all that begin with the separator. */
    private static final ByteString BEHIND_SEPARATOR = ByteString.copyFrom("0", US_ASCII);

    private Keys() {}

    /** The key of one contender for the name. */
    static ByteString contender(ByteString name, long lease) {
        String digits = lease < 0 ? "-" + Long.toHexString(-lease) : Long.toHexString(lease);
        return name.concat(SEPARATOR).concat(ByteString.copyFrom(digits, US_ASCII));
    }

    /** All contenders for the name. */
    static RangeRequest.Builder contenders(ByteString name) {
        return RangeRequest.newBuilder().setKey(name.concat(SEPARATOR)).setRangeEnd(name.concat(BEHIND_SEPARATOR));
    }

    /** The contender who came first: the one who holds. */
    static RangeRequest first(ByteString name) {
        return contenders(name)
                .setSortTarget(SortTarget.CREATE)
                .setSortOrder(SortOrder.ASCEND)
                .setLimit(1)
                .build();
    }

    /** The last of those who came no later than the revision. */
    static RangeRequest lastUpTo(ByteString name, long createRevision) {
        return contenders(name)
                .setSortTarget(SortTarget.CREATE)
                .setSortOrder(SortOrder.DESCEND)
                .setMaxCreateRevision(createRevision)
                .setLimit(1)
                .build();
    }

    static RangeRequest only(ByteString key) {
        return RangeRequest.newBuilder().setKey(key).build();
    }

    static DeleteRangeRequest deletion(ByteString key) {
        return DeleteRangeRequest.newBuilder().setKey(key).build();
    }

    /** That the key was created at the revision; with 0, that there is none. */
    static Compare createdAt(ByteString key, long revision) {
        return Compare.newBuilder()
                .setKey(key)
                .setTarget(Compare.CompareTarget.CREATE)
                .setResult(Compare.CompareResult.EQUAL)
                .setCreateRevision(revision)
                .build();
    }

    static RequestOp put(ByteString key, ByteString value, long lease) {
        return RequestOp.newBuilder()
                .setRequestPut(
                        PutRequest.newBuilder().setKey(key).setValue(value).setLease(lease))
                .build();
    }

    static RequestOp range(RangeRequest request) {
        return RequestOp.newBuilder().setRequestRange(request).build();
    }

    static RequestOp delete(ByteString key) {
        return RequestOp.newBuilder().setRequestDeleteRange(deletion(key)).build();
    }
}
