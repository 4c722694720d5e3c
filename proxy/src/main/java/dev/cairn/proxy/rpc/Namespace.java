package dev.cairn.proxy.rpc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.ResponseOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.List;

/**
 * Pure functions: keys of clients to keys of members and back. All keys of the members that clients can name begin with the prefix, which
 * clients never see. Immutable.
 */
record Namespace(ByteString prefix) {
    private static final ByteString NO_END = ByteString.copyFrom(new byte[] {0});

    ByteString inside(ByteString key) {
        return prefix.concat(key);
    }

    /** The end of a range; empty for a single key, and a zero byte for all that follows. */
    ByteString endInside(ByteString end) {
        if (end.isEmpty()) {
            return end;
        }
        return end.equals(NO_END) ? behindAll() : prefix.concat(end);
    }

    /** The first key behind all those that begin with the prefix. */
    private ByteString behindAll() {
        byte[] last = prefix.toByteArray();
        for (int i = last.length - 1; i >= 0; i--) {
            last[i]++;
            if (last[i] != 0) {
                return ByteString.copyFrom(last);
            }
        }
        return NO_END;
    }

    ByteString outside(ByteString key) {
        return key.substring(Math.min(prefix.size(), key.size()));
    }

    RangeRequest inside(RangeRequest request) {
        return request.toBuilder()
                .setKey(inside(request.getKey()))
                .setRangeEnd(endInside(request.getRangeEnd()))
                .build();
    }

    PutRequest inside(PutRequest request) {
        return request.toBuilder().setKey(inside(request.getKey())).build();
    }

    DeleteRangeRequest inside(DeleteRangeRequest request) {
        return request.toBuilder()
                .setKey(inside(request.getKey()))
                .setRangeEnd(endInside(request.getRangeEnd()))
                .build();
    }

    TxnRequest inside(TxnRequest request) {
        TxnRequest.Builder moved = TxnRequest.newBuilder();
        for (Compare compare : request.getCompareList()) {
            moved.addCompare(
                    compare.toBuilder().setKey(inside(compare.getKey())).setRangeEnd(endInside(compare.getRangeEnd())));
        }
        request.getSuccessList().forEach(operation -> moved.addSuccess(inside(operation)));
        request.getFailureList().forEach(operation -> moved.addFailure(inside(operation)));
        return moved.build();
    }

    private RequestOp inside(RequestOp operation) {
        RequestOp.Builder moved = operation.toBuilder();
        return switch (operation.getRequestCase()) {
            case REQUEST_RANGE ->
                moved.setRequestRange(inside(operation.getRequestRange())).build();
            case REQUEST_PUT ->
                moved.setRequestPut(inside(operation.getRequestPut())).build();
            case REQUEST_DELETE_RANGE ->
                moved.setRequestDeleteRange(inside(operation.getRequestDeleteRange()))
                        .build();
            case REQUEST_TXN ->
                moved.setRequestTxn(inside(operation.getRequestTxn())).build();
            case REQUEST_NOT_SET -> operation;
        };
    }

    RangeResponse outside(RangeResponse response) {
        if (response.getKvsCount() == 0) {
            return response;
        }
        RangeResponse.Builder moved = response.toBuilder().clearKvs();
        response.getKvsList().forEach(kv -> moved.addKvs(outside(kv)));
        return moved.build();
    }

    PutResponse outside(PutResponse response) {
        return response.hasPrevKv()
                ? response.toBuilder().setPrevKv(outside(response.getPrevKv())).build()
                : response;
    }

    DeleteRangeResponse outside(DeleteRangeResponse response) {
        if (response.getPrevKvsCount() == 0) {
            return response;
        }
        DeleteRangeResponse.Builder moved = response.toBuilder().clearPrevKvs();
        response.getPrevKvsList().forEach(kv -> moved.addPrevKvs(outside(kv)));
        return moved.build();
    }

    TxnResponse outside(TxnResponse response) {
        TxnResponse.Builder moved = response.toBuilder().clearResponses();
        response.getResponsesList().forEach(part -> moved.addResponses(outside(part)));
        return moved.build();
    }

    private ResponseOp outside(ResponseOp part) {
        ResponseOp.Builder moved = part.toBuilder();
        return switch (part.getResponseCase()) {
            case RESPONSE_RANGE ->
                moved.setResponseRange(outside(part.getResponseRange())).build();
            case RESPONSE_PUT ->
                moved.setResponsePut(outside(part.getResponsePut())).build();
            case RESPONSE_DELETE_RANGE ->
                moved.setResponseDeleteRange(outside(part.getResponseDeleteRange()))
                        .build();
            case RESPONSE_TXN ->
                moved.setResponseTxn(outside(part.getResponseTxn())).build();
            case RESPONSE_NOT_SET -> part;
        };
    }

    private KeyValue outside(KeyValue kv) {
        return kv.toBuilder().setKey(outside(kv.getKey())).build();
    }

    Event outside(Event event) {
        Event.Builder moved = event.toBuilder().setKv(outside(event.getKv()));
        if (event.hasPrevKv()) {
            moved.setPrevKv(outside(event.getPrevKv()));
        }
        return moved.build();
    }

    /** Of a lease's keys those that clients can name, by the names that they have for them. */
    List<ByteString> outside(List<ByteString> keys) {
        return keys.stream()
                .filter(key -> key.startsWith(prefix))
                .map(this::outside)
                .toList();
    }
}
