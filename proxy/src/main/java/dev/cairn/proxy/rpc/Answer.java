package dev.cairn.proxy.rpc;

import io.grpc.stub.StreamObserver;
import java.util.function.Consumer;

/** The one answer of a call, or its error, looked at before it is handed on. Confined to the threads that the call is answered on. */
abstract class Answer<A> implements StreamObserver<A> {
    private final StreamObserver<?> told;

    /** @param told of errors, and of the end */
    Answer(StreamObserver<?> told) {
        this.told = told;
    }

    /** Hands each answer to the consumer and all else to the observer. */
    static <A> Answer<A> to(StreamObserver<?> told, Consumer<A> consumer) {
        return new Answer<>(told) {
            @Override
            public void onNext(A answer) {
                consumer.accept(answer);
            }
        };
    }

    @Override
    public void onError(Throwable error) {
        told.onError(error);
    }

    @Override
    public void onCompleted() {
        told.onCompleted();
    }
}
