package dev.cairn.server.concurrency;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.function.Function;

/** How outcomes reach the client's call, on its event loop. */
final class OuterCalls {
    private OuterCalls() {}

    /** A reply that answers the call with what the function makes of an inner response. */
    static <V, R> Reply<V> answering(StreamObserver<R> call, Function<V, R> answer) {
        return new Reply<>() {
            @Override
            public void complete(V response) {
                if (!isCancelled(call)) {
                    call.onNext(answer.apply(response));
                    call.onCompleted();
                }
            }

            @Override
            public void fail(Status status) {
                refuse(call, Refusals.ofInner(status));
            }
        };
    }

    static void refuse(StreamObserver<?> call, Status status) {
        if (!isCancelled(call)) {
            call.onError(status.asRuntimeException());
        }
    }

    /** A call that its client has given up has nowhere to put an answer. */
    static boolean isCancelled(StreamObserver<?> call) {
        return call instanceof ServerCallStreamObserver<?> server && server.isCancelled();
    }

    /** Starts a call that waits, and has it hear when its client gives up. */
    static <R> void start(StreamObserver<R> call, Contender<R> contender) {
        ((ServerCallStreamObserver<R>) call).setOnCancelHandler(contender::cancel);
        contender.start();
    }
}
