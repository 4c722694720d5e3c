package dev.cairn.v2;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What comes of a write: a refusal, or a transaction and what is told of it. Immutable.
 *
 * @param refusal null when it may go on; everything else counts only then
 * @param node as it will be; its modification is the transaction's revision, its creation too where it is 0
 * @param firstNew the outermost directory that is made; what still lies below it has been left there by one that ended
 * @param replacedLease that nothing hangs on afterwards, 0 without one
 */
record Plan(
        @Nullable V2Error refusal,
        List<Compare> conditions,
        List<RequestOp> changes,
        @Nullable ActionRecord record,
        @Nullable Node node,
        @Nullable Node prevNode,
        @Nullable String firstNew,
        long replacedLease) {
    static Plan refused(V2Error error) {
        return new Plan(error, List.of(), List.of(), null, null, null, null, 0);
    }

    TxnRequest transaction() {
        TxnRequest.Builder txn =
                TxnRequest.newBuilder().addAllCompare(conditions).addAllSuccess(changes);
        if (firstNew != null) {
            txn.addFailure(Ops.range(Layout.directory(firstNew)));
            txn.addFailure(Ops.range(RangeRequest.newBuilder()
                    .setKey(Layout.after(Layout.directory(firstNew)))
                    .setRangeEnd(Layout.directoryEnd(firstNew))
                    .setLimit(1)
                    .setKeysOnly(true)
                    .build()));
        }
        return txn.build();
    }

    /** Takes away what an ended directory has left behind, and tells of it as its end. */
    static TxnRequest sweep(String directory, long nowNanos, @Nullable ByteString entry, Node ended) {
        Node gone = new Node(directory, true, null, 0, ended.created(), 0, 0, List.of());
        ActionRecord told = new ActionRecord(ActionRecord.EXPIRE, false, true, nowNanos, gone, ended);
        TxnRequest.Builder txn = TxnRequest.newBuilder()
                .addCompare(Ops.created(Layout.directory(directory), 0))
                .addSuccess(Ops.delete(Layout.directory(directory), Layout.directoryEnd(directory)))
                .addSuccess(Ops.delete(Layout.facts(directory, true), Layout.factsEnd(directory)))
                .addSuccess(Ops.put(Layout.ACTION, told.encode(), 0));
        if (entry != null) {
            txn.addSuccess(Ops.delete(entry));
        }
        return txn.build();
    }
}
