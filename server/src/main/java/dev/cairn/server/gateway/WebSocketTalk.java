package dev.cairn.server.gateway;

import com.google.protobuf.Message;
import dev.cairn.server.http.HttpStream;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One call over a web socket: each answer is a message of its own, in the form it would have as a line; the client's messages are
 * pieces of JSON with a blank behind each. A call with one request begins when that has come. When the call is over, the connection is.
 *
 * <p>While more has come than the call has taken, nothing is read. Confined to the event loop of the connection.
 */
final class WebSocketTalk<Q> implements HttpStream, GatewayCall.Output {
    /** What may wait to be taken before reading stops; what was read at once with it comes on top. */
    private static final int HELD_BYTES_MAX = 64 << 10;

    private final JsonRequests<Q> requests;
    private final MethodDescriptor.MethodType type;
    private final int valueBytesMax;
    private final Function<WebSocketTalk<Q>, GatewayCall<Q, ?>> opener;

    /** Also looked at by services on threads of their own. */
    private volatile @Nullable Sink sink;

    private @Nullable GatewayCall<Q, ?> call;
    private boolean closed;
    private boolean paused;

    /**
     * @param valueBytesMax how long one JSON value may be
     * @param opener begins the call
     */
    WebSocketTalk(
            JsonRequests<Q> requests,
            MethodDescriptor.MethodType type,
            int valueBytesMax,
            Function<WebSocketTalk<Q>, GatewayCall<Q, ?>> opener) {
        this.requests = requests;
        this.type = type;
        this.valueBytesMax = valueBytesMax;
        this.opener = opener;
    }

    /** Says one thing and ends. */
    record LastWord(byte[] message) implements HttpStream {
        @Override
        public void begin(Sink sink) {
            sink.write(message);
            sink.end();
        }

        @Override
        public void onWritable() {
            // Nothing waits.
        }
    }

    @Override
    public void begin(Sink opened) {
        sink = opened;
        requests.whenTaken(this::readOnIfTaken);
        if (!type.clientSendsOneMessage()) {
            call = opener.apply(this);
        }
    }

    @Override
    public void onMessage(byte[] message) {
        if (closed) {
            return;
        }
        byte[] piece = Arrays.copyOf(message, message.length + 1);
        piece[message.length] = '\n';
        requests.add(piece);
        GatewayCall<Q, ?> open = call;
        if (open != null) {
            open.onRequests();
        } else {
            openWithOnly();
        }
        readOnIfTaken();
    }

    private void openWithOnly() {
        try {
            if (requests.takeOnly()) {
                call = opener.apply(this);
            }
        } catch (BadJson e) {
            last(MessageWriter.error(Status.INVALID_ARGUMENT.withDescription(e.getMessage())));
        }
    }

    private void readOnIfTaken() {
        Sink open = sink;
        if (closed || open == null) {
            return;
        }
        int held = requests.held();
        if (held > valueBytesMax) {
            last(MessageWriter.error(Status.RESOURCE_EXHAUSTED.withDescription(
                    "grpc: received message larger than max (" + held + " vs. " + valueBytesMax + ")")));
            return;
        }
        // A value that is wanted and not complete needs what comes behind it.
        boolean pause = held > HELD_BYTES_MAX && !requests.isStarved();
        if (pause != paused) {
            paused = pause;
            open.read(!pause);
        }
    }

    private void last(byte[] message) {
        Sink open = sink;
        if (!closed && open != null) {
            closed = true;
            open.write(message);
            open.end();
        }
        GatewayCall<Q, ?> under = call;
        if (under != null) {
            under.cancel();
        }
    }

    @Override
    public void onWritable() {
        GatewayCall<Q, ?> open = call;
        if (open != null) {
            open.onWritable();
        }
        readOnIfTaken();
    }

    @Override
    public boolean isReady() {
        Sink open = sink;
        return open != null && open.isWritable();
    }

    @Override
    public void message(Message response) {
        write(type.serverSendsOneMessage() ? MessageWriter.answer(response) : MessageWriter.line(response));
    }

    @Override
    public void close(Status status) {
        if (!status.isOk()) {
            write(type.serverSendsOneMessage() ? MessageWriter.error(status) : MessageWriter.errorLine(status));
        }
        Sink open = sink;
        if (!closed && open != null) {
            closed = true;
            open.end();
        }
    }

    private void write(byte[] json) {
        Sink open = sink;
        if (closed || open == null) {
            return;
        }
        boolean line = json.length > 0 && json[json.length - 1] == '\n';
        open.write(line ? Arrays.copyOf(json, json.length - 1) : json);
    }
}
