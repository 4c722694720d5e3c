package dev.cairn.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeResponse;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.ResponseOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.testing.history.KeyValue;
import dev.cairn.testing.history.Request;
import dev.cairn.testing.history.Response;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Between etcd's messages and the words of histories. Stateless. */
final class Conversions {
    private Conversions() {}

    static InternalRaftRequest.Builder proposal(Request request, long ttlSeconds) {
        InternalRaftRequest.Builder proposal = InternalRaftRequest.newBuilder();
        if (request instanceof Request.Put put) {
            proposal.setPut(put(put));
        } else if (request instanceof Request.Delete delete) {
            proposal.setDeleteRange(delete(delete));
        } else if (request instanceof Request.Txn txn) {
            proposal.setTxn(txn(txn));
        } else if (request instanceof Request.Grant grant) {
            proposal.setLeaseGrant(
                    LeaseGrantRequest.newBuilder().setID(grant.lease()).setTTL(ttlSeconds));
        } else if (request instanceof Request.Revoke revoke) {
            proposal.setLeaseRevoke(LeaseRevokeRequest.newBuilder().setID(revoke.lease()));
        } else {
            throw new IllegalArgumentException("not for the log: " + request);
        }
        return proposal;
    }

    static RangeRequest range(Request.Range range) {
        return RangeRequest.newBuilder()
                .setKey(bytes(range.key()))
                .setRangeEnd(bytes(range.end()))
                .build();
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

    static Response response(MessageLite answer) {
        if (answer instanceof PutResponse put) {
            return new Response(put.getHeader().getRevision(), new Response.Done());
        }
        if (answer instanceof DeleteRangeResponse delete) {
            return new Response(delete.getHeader().getRevision(), new Response.Deleted(delete.getDeleted()));
        }
        if (answer instanceof TxnResponse txn) {
            return new Response(txn.getHeader().getRevision(), decided(txn));
        }
        if (answer instanceof LeaseGrantResponse grant) {
            return new Response(grant.getHeader().getRevision(), new Response.Done());
        }
        if (answer instanceof LeaseRevokeResponse revoke) {
            return new Response(revoke.getHeader().getRevision(), new Response.Done());
        }
        throw new AssertionError("an answer of a kind that nobody asked for: " + answer.getClass());
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
                        case RESPONSE_TXN -> decided(each.getResponseTxn());
                        case RESPONSE_NOT_SET -> throw new AssertionError("an operation without an answer");
                    });
        }
        return new Response.Decided(txn.getSucceeded(), results);
    }

    private static Response.Found found(RangeResponse range) {
        return found(range.getKvsList());
    }

    static Response.Found found(List<dev.cairn.proto.mvccpb.KeyValue> keyValues) {
        return new Response.Found(keyValues.stream().map(Conversions::keyValue).toList());
    }

    static KeyValue keyValue(dev.cairn.proto.mvccpb.KeyValue keyValue) {
        return new KeyValue(
                keyValue.getKey().toStringUtf8(),
                keyValue.getValue().toStringUtf8(),
                keyValue.getCreateRevision(),
                keyValue.getModRevision(),
                keyValue.getVersion(),
                keyValue.getLease());
    }

    static dev.cairn.proto.mvccpb.KeyValue parse(ByteString encoded) {
        try {
            return dev.cairn.proto.mvccpb.KeyValue.parseFrom(encoded);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("a key-value that cannot be read", e);
        }
    }

    static ByteString bytes(@Nullable String text) {
        return text == null ? ByteString.EMPTY : ByteString.copyFromUtf8(text);
    }

    /** A proposal to forget what lies before this revision. */
    static InternalRaftRequest.Builder compaction(long revision) {
        return InternalRaftRequest.newBuilder()
                .setCompaction(CompactionRequest.newBuilder().setRevision(revision));
    }
}
