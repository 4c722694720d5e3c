package dev.cairn.http2;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Decompressor;
import io.grpc.DecompressorRegistry;
import io.grpc.Metadata;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufAllocator;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.codec.ByteToMessageDecoder;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Headers;
import io.grpc.netty.shaded.io.netty.util.collection.IntObjectHashMap;
import io.grpc.netty.shaded.io.netty.util.collection.IntObjectMap;
import io.grpc.netty.shaded.io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a client, from the preface of HTTP/2 to its end. Everything runs on the connection's event loop, but for {@link #later},
 * through which other threads bring what they have to say.
 *
 * <p><b>States.</b> Serving; draining, in which calls go on and new ones are still taken until the client has seen that it should go
 * elsewhere; refusing, in which calls go on and new ones are ignored; ended. It closes the socket itself when it refuses and the last call
 * has ended, when the client violates the protocol, or when the client has not answered for too long.
 *
 * <p><b>Writing.</b> What is said during one turn of the event loop is collected in one buffer and leaves at the turn's end, with one
 * write. A turn is what one read brought, what other threads had queued, or whatever else ran on the loop and spoke to a call.
 *
 * <p><b>Rounds.</b> Of the answers that wait for the client's windows or for the socket, a turn writes {@link #ROUND_BYTES} and goes on when the event
 * loop has been round all its sockets. A wide window would else carry a long answer at once, while connections whose windows are still narrow get a
 * frame for each round of the loop: they would wait the longer, the more the others ask. Answers that fit at once do not wait for rounds.
 *
 * <p><b>Bounds.</b> Messages of a client wait in the window of their stream. Answers wait in theirs, and a service that asks whether it may go on
 * waits with them. While the socket takes no more, nothing is read from it either: a client that asks and does not listen stops being heard.
 * The client's window for the connection as a whole is opened again at once: what is bounded is the streams' windows, and their number.
 */
final class GrpcConnection extends ByteToMessageDecoder implements FrameReader.Frames {
    /** What a client may send on a stream before the service has taken it. */
    static final int STREAM_WINDOW = 1 << 20;

    /** What answers that wait may write before the other connections have had their turn. */
    static final int ROUND_BYTES = 128 << 10;

    private static final long DRAIN_PING = 0xca18_d8a1L;
    private static final long KEEP_ALIVE_PING = 0xca18_a11eL;
    private static final long DRAIN_LIMIT_SECONDS = 10;

    private final GrpcConnections owner;
    private final GrpcSettings settings;
    private final Attributes attributes;
    private final FrameReader reader;
    private final DefaultHttp2HeadersDecoder headers;
    private final IntObjectMap<GrpcStream> streams = new IntObjectHashMap<>();

    /** What other threads have to say, in their order. */
    private final Queue<Runnable> said = new ConcurrentLinkedQueue<>();

    private final AtomicBoolean turnAsked = new AtomicBoolean();

    private @Nullable ChannelHandlerContext ctx;
    /** Of the connection's event loop. Set before anybody else hears of the connection. */
    private volatile @Nullable Turns turns;

    private final Runnable turn = this::hearOthers;

    // In.
    private int lastStream;
    private int takenBytes;
    private boolean draining;
    private int refusedAfter = Integer.MAX_VALUE;
    private boolean ended;

    // Out.
    private @Nullable FrameWriter writer;
    private final Deque<GrpcStream> queue = new ArrayDeque<>();
    private int sendWindow = Http2.INITIAL_WINDOW;
    private int initialSendWindow = Http2.INITIAL_WINDOW;
    private boolean inTurn;
    private boolean leaving;
    /** Answers that wait have had their share, and the loop has not been round since. */
    private boolean roundOver;

    // Whether the client is there, and how often it asks whether we are.
    private final PingGuard pings;
    private @Nullable Future<?> timer;
    private long lastReadNanos;

    GrpcConnection(GrpcConnections owner, Attributes attributes) {
        this.owner = owner;
        this.settings = owner.settings();
        this.attributes = attributes;
        this.reader = new FrameReader(this, settings.metadataBytesMax());
        this.pings = new PingGuard(settings.pingIntervalMin().toNanos());
        this.headers = new DefaultHttp2HeadersDecoder(true, settings.metadataBytesMax());
    }

    Attributes attributes() {
        return attributes;
    }

    GrpcSettings settings() {
        return settings;
    }

    ByteBufAllocator allocator() {
        return context().alloc();
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext known = ctx;
        if (known == null) {
            throw new IllegalStateException("not part of a connection yet");
        }
        return known;
    }

    private FrameWriter writer() {
        FrameWriter known = writer;
        if (known == null) {
            throw new IllegalStateException("not part of a connection yet");
        }
        return known;
    }

    // Life

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        ctx = added;
        writer = new FrameWriter(added);
        turns = owner.turns(added.channel().eventLoop());
        if (!owner.add(this)) {
            ended = true;
            added.close();
            return;
        }
        greet();
        lastReadNanos = System.nanoTime();
        schedule(settings.settingsLimit().toNanos(), this::endUnlessSettled);
    }

    private void greet() {
        FrameWriter to = writer();
        if (settings.concurrentStreamsMax() < Integer.MAX_VALUE) {
            to.settings(
                    Http2.SETTINGS_MAX_CONCURRENT_STREAMS,
                    settings.concurrentStreamsMax(),
                    Http2.SETTINGS_INITIAL_WINDOW_SIZE,
                    STREAM_WINDOW,
                    Http2.SETTINGS_MAX_HEADER_LIST_SIZE,
                    settings.metadataBytesMax());
        } else {
            to.settings(
                    Http2.SETTINGS_INITIAL_WINDOW_SIZE,
                    STREAM_WINDOW,
                    Http2.SETTINGS_MAX_HEADER_LIST_SIZE,
                    settings.metadataBytesMax());
        }
        to.windowUpdate(0, STREAM_WINDOW - Http2.INITIAL_WINDOW);
        to.flush();
    }

    private void schedule(long nanos, Runnable task) {
        Future<?> before = timer;
        if (before != null) {
            before.cancel(false);
        }
        timer = context().executor().schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    private void endUnlessSettled() {
        if (reader.isSettled()) {
            startKeepAlive();
        } else {
            end();
        }
    }

    private void startKeepAlive() {
        if (settings.keepsAlive()) {
            schedule(Math.max(0, lastReadNanos + settings.keepAlive().toNanos() - System.nanoTime()), this::keepAlive);
        }
    }

    private void keepAlive() {
        if (System.nanoTime() - lastReadNanos < settings.keepAlive().toNanos()) {
            startKeepAlive();
            return;
        }
        long asked = System.nanoTime();
        writer().ping(KEEP_ALIVE_PING, false);
        writer().flush();
        schedule(settings.keepAliveTimeout().toNanos(), () -> {
            if (lastReadNanos - asked < 0) {
                end();
            } else {
                startKeepAlive();
            }
        });
    }

    /** Asks the client to go elsewhere; calls go on. Thread-safe. */
    void drain() {
        onLoop(() -> {
            if (draining || ended) {
                return;
            }
            draining = true;
            writer().goAway(Http2.STREAM_ID_MASK, Http2.NO_ERROR, "");
            writer().ping(DRAIN_PING, false);
            schedule(TimeUnit.SECONDS.toNanos(DRAIN_LIMIT_SECONDS), this::refuse);
        });
    }

    private void refuse() {
        if (refusedAfter == Integer.MAX_VALUE && !ended) {
            refusedAfter = lastStream;
            writer().goAway(lastStream, Http2.NO_ERROR, "");
            writer().flush();
            endIfDone();
        }
    }

    /** Ends it, and with it all calls that are under way. Thread-safe. */
    void cut() {
        onLoop(() -> {
            writer().goAway(lastStream, Http2.NO_ERROR, "");
            end();
        });
    }

    private void endIfDone() {
        if (refusedAfter != Integer.MAX_VALUE && streams.isEmpty()) {
            end();
        }
    }

    /** Closes the socket behind what has been written. */
    private void end() {
        if (ended) {
            return;
        }
        ended = true;
        ByteBuf last = writer().close();
        ChannelHandlerContext to = context();
        if (last != null) {
            to.writeAndFlush(last).addListener(ChannelFutureListener.CLOSE);
            // A client that does not read keeps nobody waiting.
            to.executor().schedule(() -> to.channel().close(), DRAIN_LIMIT_SECONDS, TimeUnit.SECONDS);
        } else {
            to.close();
        }
        cancelAll();
    }

    private void cancelAll() {
        for (GrpcStream stream : new ArrayList<>(streams.values())) {
            stream.cancel(Status.CANCELLED.withDescription("the connection has ended"));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext inactive) throws Exception {
        gone();
        super.channelInactive(inactive);
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext removed) {
        gone();
    }

    private void gone() {
        ended = true;
        Future<?> running = timer;
        timer = null;
        if (running != null) {
            running.cancel(false);
        }
        cancelAll();
        reader.close();
        FrameWriter last = writer;
        ByteBuf rest = last == null ? null : last.close();
        if (rest != null) {
            rest.release();
        }
        owner.remove(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
        // The socket has failed: there is nobody to tell.
        from.close();
    }

    // Turns

    /** Whether the caller is the event loop. Thread-safe. */
    boolean isOnLoop() {
        Turns here = turns;
        return here != null && here.onLoop();
    }

    private void onLoop(Runnable work) {
        if (isOnLoop()) {
            run(work);
        } else {
            later(work);
        }
    }

    /** Runs it; what it says leaves at the end of the turn, whosever turn it is. Only from the event loop. */
    void run(Runnable work) {
        work.run();
        if (!inTurn && !ended && (!writer().isEmpty() || !queue.isEmpty())) {
            askForTurn();
        }
    }

    /** Runs it on the event loop, after what has been brought there before. Thread-safe. */
    void later(Runnable work) {
        said.add(work);
        askForTurn();
    }

    private void askForTurn() {
        Turns here = turns;
        if (here != null && turnAsked.compareAndSet(false, true)) {
            try {
                here.ask(turn);
            } catch (RejectedExecutionException e) {
                // The event loop has ended, and every connection with it.
                said.clear();
            }
        }
    }

    private void hearOthers() {
        turnAsked.set(false);
        roundOver = false;
        inTurn = true;
        try {
            for (Runnable next = said.poll(); next != null; next = said.poll()) {
                next.run();
            }
        } finally {
            inTurn = false;
            endTurn();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext from, Object bytes) throws Exception {
        inTurn = true;
        super.channelRead(from, bytes);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext from) throws Exception {
        lastReadNanos = System.nanoTime();
        inTurn = false;
        endTurn();
        super.channelReadComplete(from);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext from) throws Exception {
        from.channel().config().setAutoRead(from.channel().isWritable());
        if (from.channel().isWritable() && !inTurn && !leaving) {
            endTurn();
        }
        super.channelWritabilityChanged(from);
    }

    private void endTurn() {
        if (ended) {
            return;
        }
        int left = roundOver ? 0 : ROUND_BYTES;
        leaving = true;
        try {
            do {
                for (int room = writableNow(); room > 0 && left > 0 && !queue.isEmpty(); room = writableNow()) {
                    left -= queue.remove().writeSome(room);
                }
                writer().flush();
            } while (left > 0 && !queue.isEmpty() && writableNow() > 0);
        } finally {
            leaving = false;
        }
        if (!queue.isEmpty() && writableNow() > 0) {
            // The share is used up, or the socket was full until the flush.
            awaitNextRound();
        }
    }

    /** Goes on after the event loop has looked at all other connections. */
    private void awaitNextRound() {
        roundOver = true;
        Turns here = turns;
        if (here != null && turnAsked.compareAndSet(false, true)) {
            here.takeAfterLook(turn);
        }
    }

    // In

    @Override
    protected void decode(ChannelHandlerContext from, ByteBuf in, List<Object> nothing) {
        while (!ended) {
            try {
                if (!reader.read(in)) {
                    return;
                }
            } catch (Violation e) {
                violated(e);
            }
        }
        in.skipBytes(in.readableBytes());
    }

    private void violated(Violation violation) {
        if (violation.stream() == 0) {
            writer().goAway(lastStream, violation.error(), String.valueOf(violation.getMessage()));
            end();
            return;
        }
        GrpcStream stream = streams.get(violation.stream());
        if (stream == null) {
            writeReset(violation.stream(), violation.error());
        } else {
            resetStream(stream, violation.error(), Status.CANCELLED.withDescription(violation.getMessage()));
        }
    }

    /** We end a stream that cannot go on. */
    void resetStream(GrpcStream stream, int error, Status why) {
        writeReset(stream.id(), error);
        stream.cancel(why);
    }

    @Override
    public void data(int id, ByteBuf data, int flowBytes, boolean endsStream) throws Violation {
        takenBytes += flowBytes;
        if (takenBytes >= STREAM_WINDOW / 2) {
            writeWindowUpdate(0, takenBytes);
            takenBytes = 0;
        }
        GrpcStream stream = streams.get(id);
        if (stream != null) {
            stream.data(data, flowBytes, endsStream);
        } else if (isIdle(id)) {
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "data of a stream that has not begun");
        } else if (id <= refusedAfter) {
            throw Violation.ofStream(id, Http2.STREAM_CLOSED, "data of a stream that has ended");
        }
    }

    private boolean isIdle(int id) {
        return id > lastStream || (id & 1) == 0;
    }

    @Override
    public void headers(int id, ByteBuf block, boolean endsStream) throws Violation {
        // Also where nobody wants them: they are part of the table's history.
        Http2Headers decoded;
        try {
            decoded = headers.decodeHeaders(id, block);
        } catch (Http2Exception.HeaderListSizeException e) {
            begin(id);
            refuse(id, endsStream, Status.INTERNAL.withDescription("the headers are too long"), 431);
            return;
        } catch (Http2Exception e) {
            if (Http2Exception.isStreamError(e)) {
                begin(id);
                throw Violation.ofStream(id, (int) e.error().code(), String.valueOf(e.getMessage()));
            }
            throw Violation.ofConnection(Http2.COMPRESSION_ERROR, String.valueOf(e.getMessage()));
        }
        GrpcStream known = streams.get(id);
        if (known != null) {
            for (CharSequence name : decoded.names()) {
                if (name.charAt(0) == ':') {
                    throw Violation.ofStream(id, Http2.PROTOCOL_ERROR, "trailers with " + name);
                }
            }
            known.trailers(endsStream);
            return;
        }
        if ((id & 1) == 0) {
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "a client's streams have odd numbers");
        }
        if (id <= lastStream) {
            throw Violation.ofConnection(Http2.STREAM_CLOSED, "headers of a stream that has ended");
        }
        begin(id);
        if (id > refusedAfter) {
            return;
        }
        if (streams.size() >= settings.concurrentStreamsMax()) {
            throw Violation.ofStream(id, Http2.REFUSED_STREAM, "too many streams");
        }
        call(id, decoded, endsStream);
    }

    private void begin(int id) {
        lastStream = Math.max(lastStream, id);
    }

    private void call(int id, Http2Headers decoded, boolean endsStream) throws Violation {
        RequestHead head;
        try {
            head = RequestHead.of(id, decoded);
        } catch (RequestHead.NotACall e) {
            refuse(id, endsStream, Status.INTERNAL.withDescription(e.getMessage()), e.httpStatus());
            return;
        }
        Decompressor decompressor = null;
        if (head.encoding() != null && !"identity".equals(head.encoding())) {
            decompressor = DecompressorRegistry.getDefaultInstance().lookupDecompressor(head.encoding());
            if (decompressor == null) {
                refuse(
                        id,
                        endsStream,
                        Status.UNIMPLEMENTED.withDescription(
                                "grpc: Decompressor is not installed for grpc-encoding \"" + head.encoding() + "\""),
                        0);
                return;
            }
        }
        ServerMethodDefinition<?, ?> method = owner.methods().lookupMethod(head.method(), head.authority());
        if (method == null) {
            refuse(id, endsStream, Status.UNIMPLEMENTED.withDescription("unknown method " + head.method()), 0);
            return;
        }
        ServerStreamTracer tracer = owner.tracers().newServerStreamTracer(head.method(), head.metadata());
        Context.CancellableContext context = contextOf(tracer, head.timeoutNanos());
        GrpcStream stream = new GrpcStream(this, id, head, method, tracer, context, decompressor);
        streams.put(id, stream);
        if (head.timeoutNanos() >= 0) {
            context.addListener(late -> onLoop(() -> expire(stream)), Runnable::run);
        }
        stream.start(head.metadata());
        if (endsStream) {
            stream.end();
        }
    }

    private Context.CancellableContext contextOf(ServerStreamTracer tracer, long timeoutNanos) {
        Context context = tracer.filterContext(owner.context());
        return timeoutNanos < 0
                ? context.withCancellation()
                : context.withDeadlineAfter(
                        timeoutNanos, TimeUnit.NANOSECONDS, context().executor());
    }

    /** The context of a call has ended; if the call has not, its time is over. */
    private void expire(GrpcStream stream) {
        if (streams.get(stream.id()) == stream) {
            resetStream(stream, Http2.CANCEL, Status.DEADLINE_EXCEEDED.withDescription("context deadline exceeded"));
        }
    }

    /** Answers what does not become a call. */
    private void refuse(int id, boolean endsStream, Status status, int httpStatus) {
        writer().headers(id, true, to -> {
            if (httpStatus == 0) {
                HeaderWriter.writeHeaders(to, new Metadata());
            } else {
                HeaderWriter.writeHttpError(to, httpStatus);
            }
            HeaderWriter.writeTrailers(to, status, new Metadata());
        });
        if (!endsStream) {
            writeReset(id, Http2.NO_ERROR);
        }
    }

    @Override
    public void reset(int id) throws Violation {
        GrpcStream stream = streams.get(id);
        if (stream != null) {
            stream.cancel(Status.CANCELLED.withDescription("the client has given the call up"));
        } else if (isIdle(id)) {
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "the end of a stream that has not begun");
        }
    }

    @Override
    public void setting(int id, long value) throws Violation {
        switch (id) {
            case Http2.SETTINGS_ENABLE_PUSH -> {
                if (value > 1) {
                    throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "ENABLE_PUSH is neither 0 nor 1");
                }
            }
            case Http2.SETTINGS_INITIAL_WINDOW_SIZE -> {
                if (value > Http2.WINDOW_MAX) {
                    throw Violation.ofConnection(Http2.FLOW_CONTROL_ERROR, "a window of more than 2^31-1 bytes");
                }
                widenAll(value);
            }
            case Http2.SETTINGS_MAX_FRAME_SIZE -> {
                if (value < Http2.MIN_FRAME_BYTES_MAX || value > Http2.MAX_FRAME_BYTES_MAX) {
                    throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "frames of " + value + " bytes");
                }
                // Longer ones than the shortest would let one answer stand in the way of all others.
            }
            default -> {
                // The size of the header table too: ours does not use it.
            }
        }
    }

    private void widenAll(long window) throws Violation {
        long more = window - initialSendWindow;
        initialSendWindow = (int) window;
        try {
            for (GrpcStream stream : streams.values()) {
                stream.widen(more);
            }
        } catch (Violation e) {
            // By settings it is the connection's.
            throw Violation.ofConnection(e.error(), String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void settingsEnd() {
        writer().settingsAcknowledgement();
    }

    @Override
    public void ping(long payload, boolean acknowledges) throws Violation {
        if (!acknowledges) {
            if (pings.isTooMany(!streams.isEmpty(), System.nanoTime())) {
                throw Violation.ofConnection(Http2.ENHANCE_YOUR_CALM, "too_many_pings");
            }
            writer().ping(payload, true);
        } else if (payload == DRAIN_PING && draining) {
            refuse();
        }
    }

    @Override
    public void windowUpdate(int id, int increment) throws Violation {
        if (id == 0) {
            if (increment == 0) {
                throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "a window that does not grow");
            }
            if ((long) sendWindow + increment > Http2.WINDOW_MAX) {
                throw Violation.ofConnection(Http2.FLOW_CONTROL_ERROR, "a window of more than 2^31-1 bytes");
            }
            sendWindow += increment;
            return;
        }
        GrpcStream stream = streams.get(id);
        if (stream == null && isIdle(id)) {
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "the window of a stream that has not begun");
        }
        if (increment == 0) {
            // No state of the stream makes such a frame right, so also where the call has ended.
            throw Violation.ofStream(id, Http2.PROTOCOL_ERROR, "a window that does not grow");
        }
        if (stream != null) {
            stream.widen(increment);
        }
    }

    // Out

    int initialSendWindow() {
        return initialSendWindow;
    }

    /** How many bytes of data may be written in one frame now; 0 when they have to wait. */
    int writableNow() {
        if (ended || !context().channel().isWritable()) {
            return 0;
        }
        return Math.max(0, Math.min(sendWindow, Http2.MIN_FRAME_BYTES_MAX));
    }

    /** The stream writes when there is room. */
    void queue(GrpcStream stream) {
        queue.add(stream);
    }

    void remove(GrpcStream stream) {
        streams.remove(stream.id());
        endIfDone();
    }

    /** Begins a frame of data; its bytes have to follow in the buffer that is returned. */
    ByteBuf beginData(int id, int bytes) {
        pings.forgive();
        return writer().data(id, bytes);
    }

    /** So much data is on its way. */
    void sent(int bytes) {
        sendWindow -= bytes;
    }

    void writeHeaders(int id, Metadata metadata) {
        pings.forgive();
        writer().headers(id, false, to -> HeaderWriter.writeHeaders(to, metadata));
    }

    /** The end of a call; with the headers if there were none. */
    void writeTrailers(int id, boolean headersSent, Status status, Metadata metadata) {
        pings.forgive();
        writer().headers(id, true, to -> {
            if (!headersSent) {
                HeaderWriter.writeHeaders(to, new Metadata());
            }
            HeaderWriter.writeTrailers(to, status, metadata);
        });
    }

    void writeReset(int id, int error) {
        writer().reset(id, error);
    }

    void writeWindowUpdate(int id, int increment) {
        writer().windowUpdate(id, increment);
    }
}
