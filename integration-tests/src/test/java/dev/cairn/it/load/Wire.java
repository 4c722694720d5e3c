package dev.cairn.it.load;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.ResponseOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.testing.history.Event;
import dev.cairn.testing.history.KeyValue;
import dev.cairn.testing.history.Request;
import dev.cairn.testing.history.Response;
import dev.cairn.testing.history.WatchGuarantees;
import io.grpc.Channel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Between the words of histories and those of etcd's API. Stateless. */
final class Wire {
    private Wire() {}

    /** Makes the call; it fails as gRPC has it fail. */
    static Response call(Channel channel, Request request, long ttlSeconds, long limitMillis) {
        KVGrpc.KVBlockingStub kv =
                KVGrpc.newBlockingStub(channel).withDeadlineAfter(limitMillis, TimeUnit.MILLISECONDS);
        LeaseGrpc.LeaseBlockingStub leases =
                LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(limitMillis, TimeUnit.MILLISECONDS);
        if (request instanceof Request.Range range) {
            RangeResponse response = kv.range(range(range).build());
            return new Response(response.getHeader().getRevision(), found(response));
        }
        if (request instanceof Request.Put put) {
            return done(kv.put(put(put)).getHeader().getRevision());
        }
        if (request instanceof Request.Delete delete) {
            DeleteRangeResponse response = kv.deleteRange(delete(delete));
            return new Response(response.getHeader().getRevision(), new Response.Deleted(response.getDeleted()));
        }
        if (request instanceof Request.Grant grant) {
            return done(leases.leaseGrant(LeaseGrantRequest.newBuilder()
                            .setID(grant.lease())
                            .setTTL(ttlSeconds)
                            .build())
                    .getHeader()
                    .getRevision());
        }
        if (request instanceof Request.Revoke revoke) {
            return done(leases.leaseRevoke(LeaseRevokeRequest.newBuilder()
                            .setID(revoke.lease())
                            .build())
                    .getHeader()
                    .getRevision());
        }
        TxnResponse response = kv.txn(txn((Request.Txn) request));
        return new Response(response.getHeader().getRevision(), decided(response));
    }

    /** Reads what this member has, however old it is. */
    static RangeResponse readLate(Channel channel, Request.Range range, long limitMillis) {
        return KVGrpc.newBlockingStub(channel)
                .withDeadlineAfter(limitMillis, TimeUnit.MILLISECONDS)
                .range(range(range).setSerializable(true).build());
    }

    /** What a response says to a watcher; null if it is neither of events nor a progress notice. */
    static WatchGuarantees.@Nullable Told told(WatchResponse response) {
        if (response.getCreated() || response.getCanceled()) {
            return null;
        }
        List<Event> events = new ArrayList<>();
        for (dev.cairn.proto.mvccpb.Event event : response.getEventsList()) {
            boolean isPut = event.getType() == dev.cairn.proto.mvccpb.Event.EventType.PUT;
            events.add(new Event(
                    event.getKv().getKey().toStringUtf8(),
                    event.getKv().getModRevision(),
                    isPut ? keyValue(event.getKv()) : null,
                    event.hasPrevKv() ? keyValue(event.getPrevKv()) : null));
        }
        return new WatchGuarantees.Told(response.getHeader().getRevision(), events);
    }

    static Response.Found found(RangeResponse range) {
        return new Response.Found(
                range.getKvsList().stream().map(Wire::keyValue).toList());
    }

    static ByteString bytes(@Nullable String text) {
        return text == null ? ByteString.EMPTY : ByteString.copyFromUtf8(text);
    }

    private static Response done(long revision) {
        return new Response(revision, new Response.Done());
    }

    private static RangeRequest.Builder range(Request.Range range) {
        return RangeRequest.newBuilder().setKey(bytes(range.key())).setRangeEnd(bytes(range.end()));
    }

    private static PutRequest put(Request.Put put) {
        return PutRequest.newBuilder()
                .setKey(bytes(put.key()))
                .setValue(bytes(put.value()))
                .setLease(put.lease())
                .build();
    }

    private static DeleteRangeRequest delete(Request.Delete delete) {
        return DeleteRangeRequest.newBuilder()
                .setKey(bytes(delete.key()))
                .setRangeEnd(bytes(delete.end()))
                .build();
    }

    private static TxnRequest txn(Request.Txn txn) {
        TxnRequest.Builder request = TxnRequest.newBuilder();
        for (Request.Compare compare : txn.compares()) {
            request.addCompare(Compare.newBuilder()
                    .setKey(bytes(compare.key()))
                    .setTarget(Compare.CompareTarget.MOD)
                    .setResult(Compare.CompareResult.EQUAL)
                    .setModRevision(compare.modRevision()));
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
        } else {
            operation.setRequestDeleteRange(delete((Request.Delete) request));
        }
        return operation.build();
    }

    private static Response.Decided decided(TxnResponse txn) {
        List<Response.Result> results = new ArrayList<>();
        for (ResponseOp each : txn.getResponsesList()) {
            results.add(
                    switch (each.getResponseCase()) {
                        case RESPONSE_RANGE -> found(each.getResponseRange());
                        case RESPONSE_PUT -> new Response.Done();
                        case RESPONSE_DELETE_RANGE ->
                            new Response.Deleted(each.getResponseDeleteRange().getDeleted());
                        default -> throw new AssertionError("an answer that nobody asked for: " + each);
                    });
        }
        return new Response.Decided(txn.getSucceeded(), results);
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
}
