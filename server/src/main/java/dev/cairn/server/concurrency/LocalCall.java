package dev.cairn.server.concurrency;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One call of a service of this process by this process, without a transport in between. The service sees a call like any
 * other; what it sends is handed on as tasks of the event loop, in order. A response is wanted one at a time ({@link #next}),
 * so that nothing gathers here. Confined to the event loop, except for what the service calls: it may answer on any thread.
 *
 * @param <Q> the request
 * @param <S> the response as the service sends it, which may be encoded already
 * @param <R> the response as it is heard
 */
final class LocalCall<Q, S, R> {
    /** Hears of the call, on the event loop. */
    interface Listener<R> {
        void onMessage(R message);

        /** Nothing comes any more. */
        void onClosed(Status status);
    }

    private final Executor eventLoop;
    private final Context context;
    private final Function<S, R> reading;
    private final Listener<R> listener;
    private ServerCall.@Nullable Listener<Q> service;

    /** Nothing is heard any more. Read by the service on whatever thread it answers. */
    private volatile boolean ended;

    /** Whether a response is wanted and none is on its way. Read likewise. */
    private volatile boolean ready;

    private LocalCall(Executor eventLoop, Context context, Function<S, R> reading, Listener<R> listener) {
        this.eventLoop = eventLoop;
        this.context = context;
        this.reading = reading;
        this.listener = listener;
    }

    /** A call that has begun and has not been sent a request yet. */
    static <Q, S, R> LocalCall<Q, S, R> open(
            ServerMethodDefinition<Q, S> definition,
            MethodDescriptor<Q, R> heardAs,
            Executor eventLoop,
            Context context,
            Listener<R> listener) {
        Function<S, R> reading = sent -> read(definition.getMethodDescriptor(), heardAs, sent);
        LocalCall<Q, S, R> call = new LocalCall<>(eventLoop, context, reading, listener);
        call.begin(definition);
        return call;
    }

    private void begin(ServerMethodDefinition<Q, S> definition) {
        ServerCallHandler<Q, S> handler = definition.getServerCallHandler();
        Outgoing outgoing = new Outgoing(definition.getMethodDescriptor());
        context.run(() -> service = handler.startCall(outgoing, new Metadata()));
    }

    /** Sends the one request of a call. */
    void send(Q request) {
        toService(to -> to.onMessage(request));
    }

    void halfClose() {
        toService(ServerCall.Listener::onHalfClose);
    }

    /** Wants one more response. */
    void next() {
        if (!ready) {
            ready = true;
            toService(ServerCall.Listener::onReady);
        }
    }

    /** Gives the call up: the listener hears nothing any more. Harmless when repeated, and behind the end. */
    void cancel() {
        if (!ended) {
            ended = true;
            ready = false;
            ServerCall.Listener<Q> to = service;
            if (to != null) {
                context.run(to::onCancel);
            }
        }
    }

    private interface Notice<Q> {
        void give(ServerCall.Listener<Q> to);
    }

    private void toService(Notice<Q> notice) {
        ServerCall.Listener<Q> to = service;
        if (!ended && to != null) {
            context.run(() -> notice.give(to));
        }
    }

    private void deliver(S sent) {
        if (!ended) {
            listener.onMessage(reading.apply(sent));
        }
    }

    private void deliverEnd(Status status) {
        if (!ended) {
            ended = true;
            ready = false;
            ServerCall.Listener<Q> to = service;
            if (to != null) {
                context.run(to::onComplete);
            }
            listener.onClosed(status);
        }
    }

    private void onLoop(Runnable task) {
        try {
            eventLoop.execute(() -> context.run(task));
        } catch (RejectedExecutionException e) {
            // The network has stopped: there is nobody left to tell.
            ready = false;
        }
    }

    /** Where the service sends encoded bytes in place of the generated class, they are read back. */
    private static <S, R> R read(MethodDescriptor<?, S> sentAs, MethodDescriptor<?, R> heardAs, S sent) {
        if (heardAs.getResponseMarshaller() instanceof MethodDescriptor.ReflectableMarshaller<R> known
                && known.getMessageClass().isInstance(sent)) {
            return known.getMessageClass().cast(sent);
        }
        try (InputStream encoded = sentAs.streamResponse(sent)) {
            return heardAs.parseResponse(encoded);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The call as the service sees it. Thread-safe, as far as the service sends one thing after the other. */
    private final class Outgoing extends ServerCall<Q, S> {
        private final MethodDescriptor<Q, S> method;

        Outgoing(MethodDescriptor<Q, S> method) {
            this.method = method;
        }

        @Override
        public void request(int count) {
            // The one request of a call is sent in any case.
        }

        @Override
        public void sendHeaders(Metadata headers) {
            // Nobody reads them.
        }

        @Override
        public void sendMessage(S message) {
            ready = false;
            onLoop(() -> deliver(message));
        }

        @Override
        public void close(Status status, Metadata trailers) {
            onLoop(() -> deliverEnd(status));
        }

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public boolean isCancelled() {
            return ended;
        }

        @Override
        public MethodDescriptor<Q, S> getMethodDescriptor() {
            return method;
        }
    }
}
