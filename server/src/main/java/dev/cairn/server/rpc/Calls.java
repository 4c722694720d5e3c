package dev.cairn.server.rpc;

import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;

/** How outcomes reach a unary call. Thread-safe, as far as each call gets one outcome. */
final class Calls {
    private Calls() {}

    /** A completion whose errors end the call. */
    abstract static class Forwarding<V> implements Completion<V> {
        private final StreamObserver<?> call;

        Forwarding(StreamObserver<?> call) {
            this.call = call;
        }

        @Override
        public void fail(EtcdError error) {
            refuse(call, error);
        }

        @Override
        public boolean isAbandoned() {
            return call instanceof ServerCallStreamObserver<?> server && server.isCancelled();
        }
    }

    /** A completion that answers the call with what the function makes of the value. */
    static <V, R> Completion<V> answering(StreamObserver<R> call, Function<V, R> answer) {
        return new Forwarding<>(call) {
            @Override
            public void complete(V value) {
                R response;
                try {
                    response = answer.apply(value);
                } catch (RuntimeException e) {
                    call.onError(e);
                    return;
                }
                Calls.answer(call, response);
            }
        };
    }

    /** Runs the call's work elsewhere; refuses the call when too much of it waits already. */
    static void runOn(Executor executor, StreamObserver<?> call, Runnable work) {
        try {
            executor.execute(() -> {
                try {
                    work.run();
                } catch (RuntimeException e) {
                    call.onError(Status.INTERNAL
                            .withDescription(e.toString())
                            .withCause(e)
                            .asRuntimeException());
                }
            });
        } catch (RejectedExecutionException e) {
            refuse(call, EtcdError.TOO_MANY_REQUESTS);
        }
    }

    static <R> void answer(StreamObserver<R> call, R response) {
        // A call that its client has given up has nowhere to put the answer; saying so is not an error.
        if (call instanceof ServerCallStreamObserver<R> server && server.isCancelled()) {
            discard(response);
            return;
        }
        call.onNext(response);
        call.onCompleted();
    }

    /** An answer that nobody gets holds nothing of the store. */
    static void discard(Object response) {
        if (response instanceof RangeAnswer range) {
            range.close();
        }
    }

    static void refuse(StreamObserver<?> call, EtcdError error) {
        refuse(call, error.asException());
    }

    static void refuse(StreamObserver<?> call, StatusRuntimeException error) {
        if (call instanceof ServerCallStreamObserver<?> server && server.isCancelled()) {
            return;
        }
        call.onError(error);
    }
}
