package dev.cairn.http2;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.KnownLength;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a service holds of a call. As grpc-java demands of its users, one thread at a time calls it; which one does not matter, and {@link
 * #isReady} and {@link #isCancelled} may be asked by any.
 *
 * <p>What the service says is brought to the connection's event loop, where the {@link GrpcStream} writes it. A call that has one answer is
 * brought there once, with headers, message and status together; that is why headers and message of such a call wait here for the end.
 */
final class StreamCall<Q, A> extends ServerCall<Q, A> {
    /** As many bytes of answers may be on their way before the service is asked to wait. */
    private static final int READY_BYTES = 32 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(StreamCall.class);

    private final GrpcStream stream;
    private final MethodDescriptor<Q, A> method;
    private final Attributes attributes;
    private final @Nullable String authority;
    private final boolean answersOnce;

    /** Bytes that the service has said and the socket has not taken. */
    private final AtomicInteger waiting = new AtomicInteger();

    private volatile boolean cancelled;

    // Of the thread that answers.
    private @Nullable Metadata headers;
    private @Nullable InputStream message;
    private boolean headersSent;
    private boolean closed;

    StreamCall(GrpcStream stream, MethodDescriptor<Q, A> method, Attributes attributes, @Nullable String authority) {
        this.stream = stream;
        this.method = method;
        this.attributes = attributes;
        this.authority = authority;
        this.answersOnce = method.getType().serverSendsOneMessage();
    }

    @Override
    public void request(int count) {
        stream.onLoop(() -> stream.request(count));
    }

    @Override
    public void sendHeaders(Metadata sent) {
        if (headersSent || closed) {
            throw new IllegalStateException("headers were sent, or the call is closed");
        }
        headersSent = true;
        if (answersOnce) {
            headers = sent;
        } else {
            stream.onLoop(() -> stream.sendHeaders(sent));
        }
    }

    @Override
    public void sendMessage(A answer) {
        if (!headersSent || closed) {
            throw new IllegalStateException("headers were not sent, or the call is closed");
        }
        if (answersOnce) {
            if (message != null) {
                throw new IllegalStateException("this call has one answer");
            }
            message = sized(method.streamResponse(answer));
            return;
        }
        if (cancelled) {
            return;
        }
        InputStream bytes = sized(method.streamResponse(answer));
        waiting.addAndGet(MessageReader.PREFIX_BYTES + length(bytes));
        stream.onLoop(() -> stream.sendMessage(bytes));
    }

    @Override
    public void close(Status status, Metadata trailers) {
        if (closed) {
            throw new IllegalStateException("the call is closed");
        }
        closed = true;
        Metadata first = headers;
        InputStream answer = message;
        if (answer != null && !status.isOk()) {
            discard(answer);
            answer = null;
        }
        if (answer == null && status.isOk() && answersOnce) {
            Status missing = Status.INTERNAL.withDescription("Completed without a response");
            stream.onLoop(() -> stream.answer(null, null, missing, new Metadata()));
            return;
        }
        if (answer != null) {
            waiting.addAndGet(MessageReader.PREFIX_BYTES + length(answer));
        }
        InputStream last = answer;
        stream.onLoop(() -> stream.answer(first, last, status, trailers));
    }

    /** A message that nobody gets. */
    static void discard(InputStream message) {
        try {
            message.close();
        } catch (IOException e) {
            LOG.atWarn().setMessage("an answer cannot be closed").setCause(e).log();
        }
    }

    /** A message whose length is known before it is written. */
    private static InputStream sized(InputStream bytes) {
        if (bytes instanceof KnownLength) {
            return bytes;
        }
        try (bytes) {
            return new KnownBytes(bytes.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int length(InputStream sized) {
        try {
            return sized.available();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class KnownBytes extends ByteArrayInputStream implements KnownLength {
        KnownBytes(byte[] bytes) {
            super(bytes);
        }
    }

    @Override
    public boolean isReady() {
        return !cancelled && waiting.get() < READY_BYTES;
    }

    /** So many bytes went out; whether this is what the service waits for. */
    boolean wentOut(int bytes) {
        int before = waiting.getAndAdd(-bytes);
        return before >= READY_BYTES && before - bytes < READY_BYTES;
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }

    /** Nobody waits for answers any more. */
    void cancelled() {
        cancelled = true;
    }

    @Override
    public MethodDescriptor<Q, A> getMethodDescriptor() {
        return method;
    }

    @Override
    public Attributes getAttributes() {
        return attributes;
    }

    @Override
    public @Nullable String getAuthority() {
        return authority;
    }

    @Override
    public SecurityLevel getSecurityLevel() {
        return attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION) == null
                ? SecurityLevel.NONE
                : SecurityLevel.PRIVACY_AND_INTEGRITY;
    }
}
