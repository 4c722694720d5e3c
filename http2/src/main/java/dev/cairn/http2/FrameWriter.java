package dev.cairn.http2;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Collects the frames of a connection in one buffer, up to a size that is worth a write of its own. Confined to the connection's event loop.
 *
 * <p>States: open; closed, in which nothing is collected any more and every method does nothing. Frames leave in the order in which they
 * were written here; {@link #push} gives them to the socket's queue, {@link #flush} makes the socket send.
 */
final class FrameWriter {
    /** A write of this size is worth the system call. */
    private static final int WRITE_BYTES = 64 << 10;

    private static final int FIRST_BUFFER_BYTES = 4096;

    private final ChannelHandlerContext ctx;
    private @Nullable ByteBuf collected;
    private boolean pushed;
    private boolean blockWritten;
    private boolean closed;

    FrameWriter(ChannelHandlerContext ctx) {
        this.ctx = ctx;
    }

    boolean isEmpty() {
        return collected == null;
    }

    /** What has been collected goes into the socket's queue. */
    private void push() {
        ByteBuf frames = collected;
        collected = null;
        if (frames != null) {
            pushed = true;
            ctx.write(frames, ctx.voidPromise());
        }
    }

    /** What has been written leaves. */
    void flush() {
        push();
        if (pushed) {
            pushed = false;
            ctx.flush();
        }
    }

    /** Nothing more is written; what was collected is the caller's, null if there is nothing. */
    @Nullable
    ByteBuf close() {
        closed = true;
        ByteBuf last = collected;
        collected = null;
        return last;
    }

    private ByteBuf room() {
        ByteBuf known = collected;
        if (known != null && known.readableBytes() >= WRITE_BYTES) {
            push();
            known = null;
        }
        if (known == null) {
            known = ctx.alloc().ioBuffer(FIRST_BUFFER_BYTES);
            collected = known;
        }
        return known;
    }

    /** The buffer with the frame's header in it; its payload has to follow there. */
    private ByteBuf begin(int length, int type, int flags, int stream) {
        return room().writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
    }

    /** Settings, each an identifier and a value. */
    void settings(int... pairs) {
        if (!closed) {
            ByteBuf to = begin(pairs.length / 2 * Http2.SETTING_BYTES, Http2.SETTINGS, 0, 0);
            for (int i = 0; i < pairs.length; i += 2) {
                to.writeShort(pairs[i]).writeInt(pairs[i + 1]);
            }
        }
    }

    void settingsAcknowledgement() {
        if (!closed) {
            begin(0, Http2.SETTINGS, Http2.ACK, 0);
        }
    }

    /**
     * Begins a frame of data. Only while the writer is open.
     *
     * @return the buffer in which the data has to follow before anything else is written
     */
    ByteBuf data(int stream, int length) {
        return begin(length, Http2.DATA, 0, stream);
    }

    /** A header block; the function writes it. */
    void headers(int stream, boolean endsStream, Consumer<ByteBuf> block) {
        if (closed) {
            return;
        }
        int flags = endsStream ? Http2.END_STREAM : 0;
        ByteBuf to = begin(0, Http2.HEADERS, flags | Http2.END_HEADERS, stream);
        int blockBegin = to.writerIndex();
        int frameBegin = blockBegin - Http2.FRAME_HEADER_BYTES;
        if (!blockWritten) {
            blockWritten = true;
            to.writeByte(HeaderWriter.NO_TABLE);
        }
        block.accept(to);
        int length = to.writerIndex() - blockBegin;
        if (length <= Http2.MIN_FRAME_BYTES_MAX) {
            to.setMedium(frameBegin, length);
            return;
        }
        ByteBuf whole = to.copy(blockBegin, length);
        to.writerIndex(frameBegin);
        inParts(stream, flags, whole);
        whole.release();
    }

    /** A block that is longer than a frame may be. */
    private void inParts(int stream, int flags, ByteBuf block) {
        begin(Http2.MIN_FRAME_BYTES_MAX, Http2.HEADERS, flags, stream).writeBytes(block, Http2.MIN_FRAME_BYTES_MAX);
        while (block.isReadable()) {
            int length = Math.min(block.readableBytes(), Http2.MIN_FRAME_BYTES_MAX);
            boolean last = length == block.readableBytes();
            begin(length, Http2.CONTINUATION, last ? Http2.END_HEADERS : 0, stream)
                    .writeBytes(block, length);
        }
    }

    void reset(int stream, int error) {
        if (!closed) {
            begin(Http2.RST_STREAM_BYTES, Http2.RST_STREAM, 0, stream).writeInt(error);
        }
    }

    void windowUpdate(int stream, int increment) {
        if (!closed) {
            begin(Http2.WINDOW_UPDATE_BYTES, Http2.WINDOW_UPDATE, 0, stream).writeInt(increment);
        }
    }

    void ping(long payload, boolean acknowledges) {
        if (!closed) {
            begin(Http2.PING_BYTES, Http2.PING, acknowledges ? Http2.ACK : 0, 0).writeLong(payload);
        }
    }

    void goAway(int lastStream, int error, String why) {
        if (!closed) {
            byte[] text = why.getBytes(StandardCharsets.UTF_8);
            begin(Http2.GOAWAY_BYTES_MIN + text.length, Http2.GOAWAY, 0, 0)
                    .writeInt(lastStream)
                    .writeInt(error)
                    .writeBytes(text);
        }
    }
}
