package dev.cairn.bench.load;

import dev.cairn.bench.load.OpenLoop.Request;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.function.LongFunction;

/** What the open loop asks. Stateless. */
public final class Requests {
    /** Coprime to every number of keys, so that numbers in a row meet keys all over the place. */
    private static final long STRIDE = 7919;

    private Requests() {}

    public static Request put() {
        return put(number -> Keys.put(number % Keys.SPACE));
    }

    public static Request put(LongFunction<PutRequest> put) {
        return (channel, number, answer) -> call(channel, KVGrpc.getPutMethod(), put.apply(number), answer);
    }

    /** A transaction of one put. */
    public static Request txn() {
        return (channel, number, answer) -> {
            TxnRequest txn = TxnRequest.newBuilder()
                    .addSuccess(RequestOp.newBuilder().setRequestPut(Keys.put(number % Keys.SPACE)))
                    .build();
            call(channel, KVGrpc.getTxnMethod(), txn, answer);
        };
    }

    public static Request get(boolean serializable) {
        return (channel, number, answer) -> {
            RangeRequest range = RangeRequest.newBuilder()
                    .setKey(Keys.key(number * STRIDE % Keys.SPACE))
                    .setSerializable(serializable)
                    .build();
            call(channel, KVGrpc.getRangeMethod(), range, answer);
        };
    }

    /** One after the other, by turns. */
    public static Request alternately(Request even, Request odd) {
        return (channel, number, answer) -> (number % 2 == 0 ? even : odd).send(channel, number, answer);
    }

    public static Request range(int keys, boolean keysOnly, boolean countOnly) {
        return (channel, number, answer) -> {
            long from = number * STRIDE % (Keys.SPACE - keys);
            RangeRequest range = RangeRequest.newBuilder()
                    .setKey(Keys.key(from))
                    .setRangeEnd(Keys.key(from + keys))
                    .setKeysOnly(keysOnly)
                    .setCountOnly(countOnly)
                    .build();
            call(channel, KVGrpc.getRangeMethod(), range, answer);
        };
    }

    @SuppressWarnings("unchecked") // The observer takes anything.
    private static <Q, A> void call(
            ManagedChannel channel, MethodDescriptor<Q, A> method, Q request, StreamObserver<Object> answer) {
        ClientCalls.asyncUnaryCall(
                channel.newCall(method, CallOptions.DEFAULT), request, (StreamObserver<A>) (StreamObserver<?>) answer);
    }
}
