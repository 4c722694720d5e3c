package dev.cairn.testing.history;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.ResponseOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Between the words of histories and etcd's messages. Stateless. Who uses it brings the module {@code proto}. */
public final class Messages {
    private Messages() {}

    public static RangeRequest.Builder range(Request.Range range) {
        return RangeRequest.newBuilder().setKey(bytes(range.key())).setRangeEnd(bytes(range.end()));
    }

    public static PutRequest put(Request.Put put) {
        return PutRequest.newBuilder()
                .setKey(bytes(put.key()))
                .setValue(bytes(put.value()))
                .setLease(put.lease())
                .build();
    }

    public static DeleteRangeRequest delete(Request.Delete delete) {
        return DeleteRangeRequest.newBuilder()
                .setKey(bytes(delete.key()))
                .setRangeEnd(bytes(delete.end()))
                .build();
    }

    public static TxnRequest txn(Request.Txn txn) {
        TxnRequest.Builder request = TxnRequest.newBuilder();
        for (Request.Compare compare : txn.compares()) {
            request.addCompare(Compare.newBuilder()
                    .setKey(bytes(compare.key()))
                    .setTarget(Compare.CompareTarget.MOD)
                    .setResult(Compare.CompareResult.EQUAL)
                    .setModRevision(compare.modRevision()));
            if (compare.value() != null) {
                request.addCompare(Compare.newBuilder()
                        .setKey(bytes(compare.key()))
                        .setTarget(Compare.CompareTarget.VALUE)
                        .setResult(Compare.CompareResult.EQUAL)
                        .setValue(bytes(compare.value())));
            }
        }
        txn.success().forEach(each -> request.addSuccess(operation(each)));
        txn.failure().forEach(each -> request.addFailure(operation(each)));
        return request.build();
    }

    private static RequestOp operation(Request request) {
        RequestOp.Builder operation = RequestOp.newBuilder();
        if (request instanceof Request.Range range) {
            operation.setRequestRange(range(range));
        } else if (request instanceof Request.Put put) {
            operation.setRequestPut(put(put));
        } else if (request instanceof Request.Delete delete) {
            operation.setRequestDeleteRange(delete(delete));
        } else {
            operation.setRequestTxn(txn((Request.Txn) request));
        }
        return operation.build();
    }

    public static Response.Decided decided(TxnResponse txn) {
        List<Response.Result> results = new ArrayList<>();
        for (ResponseOp each : txn.getResponsesList()) {
            results.add(
                    switch (each.getResponseCase()) {
                        case RESPONSE_RANGE -> found(each.getResponseRange().getKvsList());
                        case RESPONSE_PUT -> new Response.Done();
                        case RESPONSE_DELETE_RANGE ->
                            new Response.Deleted(each.getResponseDeleteRange().getDeleted());
                        case RESPONSE_TXN -> decided(each.getResponseTxn());
                        case RESPONSE_NOT_SET -> throw new AssertionError("an operation without an answer");
                    });
        }
        return new Response.Decided(txn.getSucceeded(), results);
    }

    public static Response.Found found(List<dev.cairn.proto.mvccpb.KeyValue> keyValues) {
        return new Response.Found(keyValues.stream().map(Messages::keyValue).toList());
    }

    /** What a response tells a watcher. */
    public static List<Event> events(WatchResponse response) {
        List<Event> events = new ArrayList<>();
        for (dev.cairn.proto.mvccpb.Event event : response.getEventsList()) {
            boolean put = event.getType() == dev.cairn.proto.mvccpb.Event.EventType.PUT;
            events.add(new Event(
                    event.getKv().getKey().toStringUtf8(),
                    event.getKv().getModRevision(),
                    put ? keyValue(event.getKv()) : null,
                    event.hasPrevKv() ? keyValue(event.getPrevKv()) : null));
        }
        return events;
    }

    private static KeyValue keyValue(dev.cairn.proto.mvccpb.KeyValue keyValue) {
        return new KeyValue(
                keyValue.getKey().toStringUtf8(),
                keyValue.getValue().toStringUtf8(),
                keyValue.getCreateRevision(),
                keyValue.getModRevision(),
                keyValue.getVersion(),
                keyValue.getLease());
    }

    /** Empty for no text. */
    public static ByteString bytes(@Nullable String text) {
        return text == null ? ByteString.EMPTY : ByteString.copyFromUtf8(text);
    }
}
