package dev.cairn.http2;

import io.grpc.Context;
import io.grpc.Decompressor;
import io.grpc.Drainable;
import io.grpc.InternalStatus;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call's stream, between its connection and its service. Confined to the connection's event loop, but for {@link #onLoop}.
 *
 * <p>Two directions, each of which ends once. <b>In:</b> data that the service has not asked for waits here and is not given back to the
 * client's window, so it is bounded by that. <b>Out:</b> messages that the client's window does not allow yet wait here; a service that
 * asks {@code isReady} adds no more. The stream leaves its connection with the last byte of the answer, with the client's or our reset, or
 * with the connection; the service hears of exactly one of completion and cancellation, and nothing after it.
 */
final class GrpcStream {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcStream.class);
    private static final ServerCall.Listener<Object> NOBODY = new ServerCall.Listener<>() {};

    private final GrpcConnection connection;
    private final int id;
    private final ServerStreamTracer tracer;
    private final Context.CancellableContext context;
    private final long contentLength;

    private final StreamCall<?, ?> call;
    private final ServerMethodDefinition<Object, ?> method;
    private ServerCall.Listener<Object> listener = NOBODY;

    /** What other threads have said and the event loop has not heard. */
    private final AtomicInteger onTheWay = new AtomicInteger();

    // In.
    private final MessageReader messages;
    private @Nullable ByteBuf waitingIn;
    private int requested;
    private int receiveWindow;
    private int taken;
    private long received;
    private int messagesIn;
    private boolean delivering;
    private boolean clientEnded;
    private boolean endHeard;

    // Out.
    private final Deque<Waiting> waitingOut = new ArrayDeque<>();
    private int waitingOutBytes;
    private int sendWindow;
    private int messagesOut;
    private boolean headersSent;
    private @Nullable Status outcome;
    private @Nullable Metadata trailers;
    private boolean queued;

    private boolean closed;

    /** @param decompressor for messages that are compressed; null when the call has not said how */
    @SuppressWarnings("unchecked") // What the method reads is what its own call hears.
    GrpcStream(
            GrpcConnection connection,
            int id,
            RequestHead head,
            ServerMethodDefinition<?, ?> method,
            ServerStreamTracer tracer,
            Context.CancellableContext context,
            @Nullable Decompressor decompressor) {
        this.connection = connection;
        this.id = id;
        this.tracer = tracer;
        this.context = context;
        this.contentLength = head.contentLength();
        this.method = (ServerMethodDefinition<Object, ?>) method;
        this.call = new StreamCall<>(this, method.getMethodDescriptor(), connection.attributes(), head.authority());
        this.messages = new MessageReader(connection.settings().messageBytesMax(), decompressor);
        this.receiveWindow = GrpcConnection.STREAM_WINDOW;
        this.sendWindow = connection.initialSendWindow();
    }

    int id() {
        return id;
    }

    /** Hands the call to its service. */
    void start(Metadata metadata) {
        inContext(() -> {
            listener = started(metadata);
            listener.onReady();
        });
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // The handler and the call belong to the same method.
    private ServerCall.Listener<Object> started(Metadata metadata) {
        return method.getServerCallHandler().startCall((ServerCall) call, metadata);
    }

    /** Runs in the call's context; what the service throws ends the call. */
    private void inContext(Runnable work) {
        Context previous = context.attach();
        try {
            work.run();
        } catch (Throwable t) {
            failed(t);
        } finally {
            context.detach(previous);
        }
    }

    private void failed(Throwable failure) {
        Status status = statusOf(failure);
        if (status.getCode() == Status.Code.UNKNOWN) {
            LOG.atError().setMessage("a service failed").setCause(failure).log();
        }
        answer(null, null, status, new Metadata());
        if (failure instanceof Error error && !(failure instanceof AssertionError)) {
            throw error;
        }
    }

    /** What a failure means for the client. */
    private static Status statusOf(Throwable failure) {
        Status status = Status.fromThrowable(failure);
        return status.getCode() == Status.Code.UNKNOWN && status.getDescription() == null
                ? status.withDescription("Application error processing RPC")
                : status;
    }

    /**
     * Runs it on the connection's event loop: at once when this is it, unless something of this stream is still on its way there. Thread-safe.
     */
    void onLoop(Runnable work) {
        if (connection.isOnLoop() && onTheWay.get() == 0) {
            connection.run(work);
            return;
        }
        onTheWay.incrementAndGet();
        connection.later(() -> {
            onTheWay.decrementAndGet();
            work.run();
        });
    }

    // In

    /** Data of the client; lent. */
    void data(ByteBuf data, int flowBytes, boolean endsStream) throws Violation {
        if (clientEnded) {
            throw Violation.ofStream(id, Http2.STREAM_CLOSED, "data after the end of the stream");
        }
        if (flowBytes > receiveWindow) {
            throw Violation.ofStream(id, Http2.FLOW_CONTROL_ERROR, "more data than the window allows");
        }
        receiveWindow -= flowBytes;
        received += data.readableBytes();
        clientEnded = endsStream;
        checkContentLength();
        // Padding is nobody's to take.
        take(flowBytes - data.readableBytes());
        if (waitingIn == null) {
            deliver(data);
        }
        if (outcome != null) {
            take(data.readableBytes());
            return;
        }
        if (data.isReadable() && !closed) {
            ByteBuf waiting = waitingIn;
            if (waiting == null) {
                waiting = connection.allocator().heapBuffer(data.readableBytes());
                waitingIn = waiting;
            }
            waiting.writeBytes(data);
            deliverWaiting();
        }
        hearEnd();
    }

    private void checkContentLength() throws Violation {
        if (contentLength >= 0 && (received > contentLength || clientEnded && received < contentLength)) {
            throw Violation.ofStream(id, Http2.PROTOCOL_ERROR, "not as much data as the headers said");
        }
    }

    /** The client's trailers, which have no meaning in gRPC but for the end. */
    void trailers(boolean endsStream) throws Violation {
        if (clientEnded) {
            throw Violation.ofStream(id, Http2.STREAM_CLOSED, "headers after the end of the stream");
        }
        if (!endsStream) {
            throw Violation.ofStream(id, Http2.PROTOCOL_ERROR, "headers in the middle of a stream");
        }
        end();
    }

    /** The client says no more. */
    void end() throws Violation {
        clientEnded = true;
        checkContentLength();
        hearEnd();
    }

    /** The service takes so many more messages. */
    void request(int count) {
        requested = (int) Math.min(Integer.MAX_VALUE, (long) requested + count);
        if (!delivering && !closed && outcome == null) {
            deliverWaiting();
            hearEnd();
        }
    }

    private void deliverWaiting() {
        ByteBuf waiting = waitingIn;
        if (waiting == null || delivering) {
            return;
        }
        deliver(waiting);
        if (waitingIn != waiting) {
            // The call has ended meanwhile.
            return;
        }
        if (waiting.isReadable()) {
            waiting.discardSomeReadBytes();
        } else {
            dropWaitingIn();
        }
    }

    private void dropWaitingIn() {
        ByteBuf waiting = waitingIn;
        waitingIn = null;
        if (waiting != null) {
            waiting.release();
        }
    }

    private void deliver(ByteBuf data) {
        delivering = true;
        try {
            while (requested > 0 && !closed && outcome == null) {
                int before = data.readableBytes();
                InputStream message = messages.read(data);
                int after = data.readableBytes();
                if (message == null) {
                    take(before - after);
                    return;
                }
                requested--;
                int sequence = messagesIn++;
                long bytes = StreamCall.length(message);
                tracer.inboundMessage(sequence);
                tracer.inboundWireSize(MessageReader.PREFIX_BYTES + bytes);
                tracer.inboundUncompressedSize(bytes);
                tracer.inboundMessageRead(sequence, MessageReader.PREFIX_BYTES + bytes, bytes);
                inContext(() -> listener.onMessage(method.getMethodDescriptor().parseRequest(message)));
                take(before - after);
            }
        } catch (StatusRuntimeException e) {
            answer(null, null, e.getStatus(), new Metadata());
        } finally {
            delivering = false;
        }
    }

    private void hearEnd() {
        if (!clientEnded || endHeard || closed || outcome != null || delivering || waitingIn != null) {
            return;
        }
        endHeard = true;
        if (messages.isWithin()) {
            answer(null, null, Status.INTERNAL.withDescription("unexpected EOF"), new Metadata());
            return;
        }
        inContext(listener::onHalfClose);
    }

    /** The bytes are out of the way: from half of the window on, the client hears of it. */
    private void take(int bytes) {
        taken += bytes;
        if (taken >= GrpcConnection.STREAM_WINDOW / 2 && !clientEnded && !closed) {
            connection.writeWindowUpdate(id, taken);
            receiveWindow += taken;
            taken = 0;
        }
    }

    // Out

    /** Headers before any message. */
    void sendHeaders(Metadata headers) {
        if (closed || headersSent || outcome != null) {
            return;
        }
        headersSent = true;
        connection.writeHeaders(id, headers);
    }

    /** A message of several. */
    void sendMessage(InputStream message) {
        if (closed || outcome != null) {
            StreamCall.discard(message);
            return;
        }
        write(message);
    }

    /**
     * The end of the call with what has not been said yet.
     *
     * @param headers null when they were sent or there are none
     * @param message the one answer; null when it was sent or there is none
     */
    void answer(@Nullable Metadata headers, @Nullable InputStream message, Status status, Metadata last) {
        if (closed || outcome != null) {
            if (message != null) {
                StreamCall.discard(message);
            }
            return;
        }
        if (message != null) {
            sendHeaders(headers == null ? new Metadata() : headers);
            write(message);
        } else if (headers != null && !headers.keys().isEmpty()) {
            sendHeaders(headers);
        }
        if (closed) {
            return;
        }
        outcome = status;
        trailers = last;
        dropWaitingIn();
        if (waitingOutBytes == 0) {
            finish();
        }
    }

    private void write(InputStream message) {
        int length = StreamCall.length(message);
        int bytes = MessageReader.PREFIX_BYTES + length;
        int sequence = messagesOut++;
        tracer.outboundMessage(sequence);
        tracer.outboundWireSize(bytes);
        tracer.outboundUncompressedSize(length);
        tracer.outboundMessageSent(sequence, bytes, length);
        try {
            if (waitingOutBytes == 0 && bytes <= Math.min(sendWindow, connection.writableNow())) {
                writeNow(message, length);
                return;
            }
            waitingOut.add(new Waiting(message, length));
            waitingOutBytes += bytes;
            queue();
        } catch (IOException | RuntimeException e) {
            failedWriting(e);
        }
    }

    /** What was promised to the client is not all there. */
    private void failedWriting(Exception cause) {
        LOG.atError().setMessage("an answer cannot be written").setCause(cause).log();
        connection.resetStream(this, Http2.INTERNAL_ERROR, Status.INTERNAL.withCause(cause));
    }

    /** A message that the client or the socket does not take yet. It is encoded as it leaves, so until then it costs what the service made. */
    private static final class Waiting {
        private final ByteBuffer prefix;
        private final InputStream message;
        private int left;

        Waiting(InputStream message, int length) {
            this.prefix = ByteBuffer.allocate(MessageReader.PREFIX_BYTES)
                    .put((byte) 0)
                    .putInt(length)
                    .flip();
            this.message = message;
            this.left = length;
        }

        /** Some of it, at most so many bytes, and how many. */
        int writeSome(ByteBuf out, int most) throws IOException {
            if (prefix.hasRemaining()) {
                int some = Math.min(most, prefix.remaining());
                out.writeBytes(prefix.slice(prefix.position(), some));
                prefix.position(prefix.position() + some);
                return some;
            }
            int written = readInto(out, Math.min(most, left));
            if (written <= 0) {
                throw new EOFException("a message ends " + left + " bytes before its length");
            }
            left -= written;
            return written;
        }

        /** A message that can fill a buffer itself is spared a copy by way of an array. */
        private int readInto(ByteBuf out, int most) throws IOException {
            if (!(message instanceof ReadableByteChannel channel)) {
                return out.writeBytes(message, most);
            }
            out.ensureWritable(most);
            int written = channel.read(out.nioBuffer(out.writerIndex(), most));
            out.writerIndex(out.writerIndex() + Math.max(0, written));
            return written;
        }

        boolean isOver() {
            return left == 0 && !prefix.hasRemaining();
        }

        void close() {
            StreamCall.discard(message);
        }
    }

    private void writeNow(InputStream message, int length) throws IOException {
        int bytes = MessageReader.PREFIX_BYTES + length;
        ByteBuf out = connection.beginData(id, bytes);
        int begin = out.writerIndex();
        try {
            writeTo(out, message, length);
        } catch (IOException | RuntimeException e) {
            // As if the frame had never been begun.
            out.writerIndex(begin - Http2.FRAME_HEADER_BYTES);
            throw e;
        }
        connection.sent(bytes);
        sendWindow -= bytes;
        wentOut(bytes);
    }

    private static void writeTo(ByteBuf out, InputStream message, int length) throws IOException {
        out.writeByte(0).writeInt(length);
        int begin = out.writerIndex();
        if (message instanceof Drainable drainable) {
            drainable.drainTo(new ByteBufOutputStream(out));
        } else {
            out.writeBytes(message.readAllBytes());
        }
        message.close();
        if (out.writerIndex() - begin != length) {
            throw new IOException("a message of " + (out.writerIndex() - begin) + " bytes that said it had " + length);
        }
    }

    private void queue() {
        if (!queued && waitingOutBytes > 0 && sendWindow > 0) {
            queued = true;
            connection.queue(this);
        }
    }

    /**
     * The connection has room; writes one frame of at most so many bytes, and queues again while there is more.
     *
     * @return how many it wrote
     */
    int writeSome(int bytesMax) {
        queued = false;
        if (closed) {
            return 0;
        }
        int bytes = Math.min(Math.min(bytesMax, sendWindow), waitingOutBytes);
        if (bytes <= 0) {
            return 0;
        }
        sendWindow -= bytes;
        waitingOutBytes -= bytes;
        ByteBuf out = connection.beginData(id, bytes);
        int begin = out.writerIndex();
        try {
            int left = bytes;
            while (left > 0) {
                Waiting first = waitingOut.element();
                left -= first.writeSome(out, left);
                if (first.isOver()) {
                    waitingOut.remove().close();
                }
            }
        } catch (IOException | RuntimeException e) {
            // As if the frame had never been begun.
            out.writerIndex(begin - Http2.FRAME_HEADER_BYTES);
            failedWriting(e);
            return 0;
        }
        connection.sent(bytes);
        wentOut(bytes);
        if (waitingOutBytes == 0 && outcome != null) {
            finish();
        } else {
            queue();
        }
        return bytes;
    }

    private void wentOut(int bytes) {
        if (call.wentOut(bytes) && outcome == null && !closed) {
            // Not from inside of what the service is doing at the moment.
            connection.later(() -> {
                if (outcome == null && !closed) {
                    inContext(listener::onReady);
                }
            });
        }
    }

    /** The client takes so many bytes more, or less. */
    void widen(long bytes) throws Violation {
        if (sendWindow + bytes > Http2.WINDOW_MAX) {
            throw Violation.ofStream(id, Http2.FLOW_CONTROL_ERROR, "a window of more than 2^31-1 bytes");
        }
        sendWindow += (int) bytes;
        queue();
    }

    private void finish() {
        Status status = outcome;
        Metadata last = trailers;
        if (status == null || last == null) {
            throw new IllegalStateException("a call that has not ended");
        }
        connection.writeTrailers(id, headersSent, status, last);
        if (!clientEnded) {
            // Nobody reads what it would still send.
            connection.writeReset(id, Http2.NO_ERROR);
        }
        close();
        tracer.streamClosed(status);
        context.cancel(null);
        inContext(listener::onComplete);
    }

    /** The stream is gone before the call has ended; nothing is written any more. */
    void cancel(Status why) {
        if (closed) {
            return;
        }
        close();
        tracer.streamClosed(why);
        context.cancel(InternalStatus.asRuntimeExceptionWithoutStacktrace(why, null));
        inContext(listener::onCancel);
    }

    private void close() {
        closed = true;
        connection.remove(this);
        waitingOut.forEach(Waiting::close);
        waitingOut.clear();
        waitingOutBytes = 0;
        dropWaitingIn();
        // A call that has ended well is not cancelled; only what is left over of it hears that nobody listens.
        if (outcome == null) {
            call.cancelled();
        }
    }
}
