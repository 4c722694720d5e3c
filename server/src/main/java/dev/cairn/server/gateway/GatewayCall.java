package dev.cairn.server.gateway;

import com.google.protobuf.Message;
import dev.cairn.server.http.HttpConnection;
import dev.cairn.server.net.EventLoops;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of a service for a client that speaks JSON, without a transport in between. The service sees a call like any other: it is told
 * when its reader keeps up, when its time is over and when its client has gone, and its messages are counted like gRPC's.
 *
 * <p>Confined to the event loop of the client's connection, except for what the service calls: it may answer from any thread, and what it
 * says comes to the event loop as tasks, in order. Requests are taken one at a time, and none while answers wait for the reader, so that
 * a client that only sends gathers nothing here.
 *
 * @param <Q> the request
 * @param <S> the response as the service sends it, which may be encoded already
 */
final class GatewayCall<Q, S> extends ServerCall<Q, S> {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayCall.class);

    /** Where the answers go. Called on the event loop. */
    interface Output {
        /** Whether the reader keeps up. */
        boolean isReady();

        void message(Message message);

        /** Called once, as the last. */
        void close(Status status);
    }

    /** Where the requests come from. Called on the event loop. */
    interface Requests<Q> {
        /** The next request; null when there is none now. */
        @Nullable
        Q next();

        /** Whether there is none any more. */
        boolean isOver();
    }

    private final ServerMethodDefinition<Q, S> definition;
    private final MethodDescriptor<Q, ? extends Message> heardAs;
    private final HttpConnection connection;
    private final ScheduledExecutorService eventLoop;
    private final ServerStreamTracer tracer;
    private final Requests<Q> requests;
    private final Output output;
    private final int messageBytesMax;
    private final Context.CancellableContext context = Context.ROOT.withCancellation();
    private final Attributes attributes;
    private final AtomicInteger unsent = new AtomicInteger();

    private ServerCall.@Nullable Listener<Q> service;
    private @Nullable Future<?> deadline;
    private int wanted;
    private int received;
    private int sent;
    private boolean halfClosed;
    private boolean pumping;
    private boolean wasReady;

    /** Nothing is heard from the service any more. Read by it on whatever thread it answers. */
    private volatile boolean ended;

    private volatile boolean cancelled;

    /**
     * @param heardAs the method with the response that the output takes
     * @param messageBytesMax how large a request may be in its binary form
     */
    GatewayCall(
            ServerMethodDefinition<Q, S> definition,
            MethodDescriptor<Q, ? extends Message> heardAs,
            HttpConnection connection,
            ServerStreamTracer tracer,
            Requests<Q> requests,
            Output output,
            int messageBytesMax) {
        this.definition = definition;
        this.heardAs = heardAs;
        this.connection = connection;
        this.eventLoop = connection.eventLoop();
        this.tracer = tracer;
        this.requests = requests;
        this.output = output;
        this.messageBytesMax = messageBytesMax;
        // No TLS session: a certificate would be taken for the caller's, and etcd's gateway does not pass it on either.
        this.attributes = Attributes.newBuilder()
                .set(EventLoops.OF_CONNECTION, eventLoop)
                .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, connection.remoteAddress())
                .set(Grpc.TRANSPORT_ATTR_LOCAL_ADDR, connection.localAddress())
                .build();
    }

    /** Begins. To be called once, on the event loop. */
    void start(CallHeaders headers) {
        connection.whenLost(this::cancel);
        Duration timeout = headers.timeout();
        if (timeout != null) {
            if (timeout.isNegative() || timeout.isZero()) {
                expire();
                return;
            }
            deadline = eventLoop.schedule(this::expire, timeout.toNanos(), TimeUnit.NANOSECONDS);
        }
        guarded(() -> {
            service = definition.getServerCallHandler().startCall(this, headers.metadata());
            tellReady();
        });
        pump();
    }

    /** More may have come from {@link Requests}. */
    void onRequests() {
        pump();
    }

    /** The reader may have caught up. */
    void onWritable() {
        tellReady();
        pump();
    }

    /** The client has gone. */
    void cancel() {
        if (!ended) {
            end(Status.CANCELLED);
            cancelService();
        }
    }

    private void expire() {
        if (!ended) {
            Status late = Status.DEADLINE_EXCEEDED.withDescription("context deadline exceeded");
            end(late);
            output.close(late);
            cancelService();
        }
    }

    private void cancelService() {
        cancelled = true;
        context.cancel(null);
        Listener<Q> to = service;
        if (to != null) {
            run(to::onCancel);
        }
    }

    private void end(Status status) {
        ended = true;
        Future<?> timer = deadline;
        if (timer != null) {
            timer.cancel(false);
        }
        tracer.streamClosed(status);
    }

    /** Gives the service what it has asked for, as long as its answers are taken. */
    private void pump() {
        Listener<Q> to = service;
        if (to == null || pumping) {
            return;
        }
        pumping = true;
        try {
            while (!ended && !halfClosed && unsent.get() == 0 && output.isReady()) {
                if (requests.isOver()) {
                    halfClosed = true;
                    guarded(to::onHalfClose);
                    return;
                }
                if (wanted == 0) {
                    return;
                }
                Q request = requests.next();
                if (request == null) {
                    if (requests.isOver()) {
                        continue;
                    }
                    return;
                }
                deliver(to, request);
            }
        } finally {
            pumping = false;
        }
    }

    private void deliver(Listener<Q> to, Q request) {
        int size = ((Message) request).getSerializedSize();
        if (size > messageBytesMax) {
            finish(Status.RESOURCE_EXHAUSTED.withDescription(
                    "grpc: received message larger than max (" + size + " vs. " + messageBytesMax + ")"));
            cancelService();
            return;
        }
        wanted--;
        tracer.inboundMessage(received++);
        tracer.inboundUncompressedSize(size);
        guarded(() -> to.onMessage(request));
    }

    private void tellReady() {
        boolean ready = isReady();
        boolean news = ready && !wasReady;
        wasReady = ready;
        Listener<Q> to = service;
        if (news && to != null) {
            guarded(to::onReady);
        }
    }

    /** What a service throws ends its call and nothing else. */
    private void guarded(Runnable event) {
        if (ended) {
            return;
        }
        try {
            context.run(event);
        } catch (RuntimeException e) {
            LOG.atError()
                    .setMessage("a call of the gateway failed")
                    .addKeyValue("method", heardAs.getFullMethodName())
                    .setCause(e)
                    .log();
            finish(Status.UNKNOWN.withDescription("Application error processing RPC"));
            cancelService();
        }
    }

    private void run(Runnable event) {
        context.run(event);
    }

    private void finish(Status status) {
        if (!ended) {
            end(status);
            output.close(status);
        }
    }

    private void onLoop(Runnable task) {
        try {
            eventLoop.execute(task);
        } catch (RejectedExecutionException e) {
            // The network has stopped: there is nobody left to tell.
            cancelled = true;
        }
    }

    @Override
    public void request(int count) {
        onLoop(() -> {
            wanted = (int) Math.min(Integer.MAX_VALUE, (long) wanted + count);
            pump();
        });
    }

    @Override
    public void sendHeaders(Metadata headers) {
        // The services have nothing to say in them.
    }

    @Override
    public void sendMessage(S message) {
        unsent.incrementAndGet();
        onLoop(() -> {
            guarded(() -> {
                wasReady = false;
                Message heard = read(message);
                tracer.outboundMessage(sent++);
                tracer.outboundUncompressedSize(heard.getSerializedSize());
                output.message(heard);
            });
            unsent.decrementAndGet();
            tellReady();
            pump();
        });
    }

    @Override
    public void close(Status status, Metadata trailers) {
        onLoop(() -> {
            if (ended) {
                return;
            }
            finish(status);
            Listener<Q> to = service;
            if (to != null) {
                run(to::onComplete);
            }
            context.cancel(null);
        });
    }

    /** Where the service sends encoded bytes in place of the generated class, they are read back. */
    private Message read(S message) {
        if (message instanceof Message known) {
            return known;
        }
        try (InputStream encoded = definition.getMethodDescriptor().streamResponse(message)) {
            return heardAs.parseResponse(encoded);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public boolean isReady() {
        return !ended && unsent.get() == 0 && output.isReady();
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }

    @Override
    public MethodDescriptor<Q, S> getMethodDescriptor() {
        return definition.getMethodDescriptor();
    }

    @Override
    public Attributes getAttributes() {
        return attributes;
    }
}
