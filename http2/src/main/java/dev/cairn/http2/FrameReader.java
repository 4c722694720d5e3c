package dev.cairn.http2;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a connection's bytes into frames, checks what can be checked without knowing the streams, and tells of each frame that is whole.
 * Confined to the connection's event loop.
 *
 * <p>States: before the preface; before the first settings; in between frames; in the middle of a header block, in which nothing but its
 * continuation may come. It holds at most one header block, of bounded length; bytes of frames that are not whole stay with the caller, and
 * are less than {@link Http2#MIN_FRAME_BYTES_MAX}, the longest frame that we allow.
 */
final class FrameReader {
    /** A block of empty continuations is work without bytes. */
    private static final int CONTINUATIONS_MAX = 128;

    private final Frames frames;
    private final int blockBytesMax;
    private boolean prefaceRead;
    private boolean settingsRead;

    private @Nullable ByteBuf block;
    private int blockStream;
    private boolean blockEndsStream;
    private int continuations;

    /** Hears of frames. Buffers are lent for the time of the call. */
    interface Frames {
        /** @param flowBytes what the frame takes of the windows, padding included */
        void data(int stream, ByteBuf data, int flowBytes, boolean endsStream) throws Violation;

        void headers(int stream, ByteBuf block, boolean endsStream) throws Violation;

        void reset(int stream) throws Violation;

        /** One setting of several. */
        void setting(int id, long value) throws Violation;

        /** All settings of a frame have been told. */
        void settingsEnd() throws Violation;

        void ping(long payload, boolean acknowledges) throws Violation;

        void windowUpdate(int stream, int increment) throws Violation;
    }

    FrameReader(Frames frames, int blockBytesMax) {
        this.frames = frames;
        this.blockBytesMax = blockBytesMax;
    }

    /** Whether the client has said all that it has to say at first. */
    boolean isSettled() {
        return settingsRead;
    }

    /** Takes one frame, or the preface, from the bytes; false when it is not there as a whole yet. */
    boolean read(ByteBuf in) throws Violation {
        if (!prefaceRead) {
            return readPreface(in);
        }
        if (in.readableBytes() < Http2.FRAME_HEADER_BYTES) {
            return false;
        }
        int at = in.readerIndex();
        int length = in.getUnsignedMedium(at);
        int type = in.getUnsignedByte(at + 3);
        if (length > Http2.MIN_FRAME_BYTES_MAX) {
            throw Violation.ofConnection(Http2.FRAME_SIZE_ERROR, "a frame of " + length + " bytes");
        }
        if (!settingsRead && type != Http2.SETTINGS) {
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "the first frame is not one of settings");
        }
        if (in.readableBytes() < Http2.FRAME_HEADER_BYTES + length) {
            return false;
        }
        int flags = in.getUnsignedByte(at + 4);
        int stream = in.getInt(at + 5) & Http2.STREAM_ID_MASK;
        in.skipBytes(Http2.FRAME_HEADER_BYTES);
        int end = in.readerIndex() + length;
        ByteBuf payload = in.slice(in.readerIndex(), length);
        // Past it first: a violation of one stream leaves the connection in order.
        in.readerIndex(end);
        dispatch(type, flags, stream, payload);
        return true;
    }

    private boolean readPreface(ByteBuf in) throws Violation {
        int length = Math.min(in.readableBytes(), Http2.PREFACE.length);
        for (int i = 0; i < length; i++) {
            if (in.getByte(in.readerIndex() + i) != Http2.PREFACE[i]) {
                throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "not the preface of HTTP/2");
            }
        }
        if (length < Http2.PREFACE.length) {
            return false;
        }
        in.skipBytes(length);
        prefaceRead = true;
        return true;
    }

    private void dispatch(int type, int flags, int stream, ByteBuf payload) throws Violation {
        if (block != null && (type != Http2.CONTINUATION || stream != blockStream)) {
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "a frame inside of a header block");
        }
        switch (type) {
            case Http2.DATA -> {
                ofSomeStream(stream);
                int flowBytes = payload.readableBytes();
                frames.data(stream, unpadded(payload, flags), flowBytes, (flags & Http2.END_STREAM) != 0);
            }
            case Http2.HEADERS -> headers(stream, flags, payload);
            case Http2.PRIORITY -> priority(stream, payload);
            case Http2.RST_STREAM -> {
                ofSomeStream(stream);
                ofLength(payload, Http2.RST_STREAM_BYTES);
                frames.reset(stream);
            }
            case Http2.SETTINGS -> settings(stream, flags, payload);
            case Http2.PUSH_PROMISE ->
                throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "a client has nothing to push");
            case Http2.PING -> {
                ofConnection(stream);
                ofLength(payload, Http2.PING_BYTES);
                frames.ping(payload.readLong(), (flags & Http2.ACK) != 0);
            }
            case Http2.GOAWAY -> {
                ofConnection(stream);
                if (payload.readableBytes() < Http2.GOAWAY_BYTES_MIN) {
                    throw wrongLength(payload);
                }
                // The client takes no streams of ours, and there are none; it closes the connection when it is done.
            }
            case Http2.WINDOW_UPDATE -> {
                ofLength(payload, Http2.WINDOW_UPDATE_BYTES);
                frames.windowUpdate(stream, payload.readInt() & Http2.WINDOW_MAX);
            }
            case Http2.CONTINUATION -> continuation(flags, payload);
            default -> {
                // Frames of extensions that we do not know are to be ignored.
            }
        }
    }

    private static void ofSomeStream(int stream) throws Violation {
        if (stream == 0) {
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "a frame of a stream, without the stream");
        }
    }

    private static void ofConnection(int stream) throws Violation {
        if (stream != 0) {
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "a frame of the connection, with a stream");
        }
    }

    private static void ofLength(ByteBuf payload, int length) throws Violation {
        if (payload.readableBytes() != length) {
            throw wrongLength(payload);
        }
    }

    private static Violation wrongLength(ByteBuf payload) {
        return Violation.ofConnection(
                Http2.FRAME_SIZE_ERROR, "a frame cannot have a payload of " + payload.readableBytes() + " bytes");
    }

    private static ByteBuf unpadded(ByteBuf payload, int flags) throws Violation {
        if ((flags & Http2.PADDED) == 0) {
            return payload;
        }
        if (!payload.isReadable()) {
            throw wrongLength(payload);
        }
        int padding = payload.readUnsignedByte();
        if (padding > payload.readableBytes()) {
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "padding longer than the frame");
        }
        payload.writerIndex(payload.writerIndex() - padding);
        return payload;
    }

    private void headers(int stream, int flags, ByteBuf payload) throws Violation {
        ofSomeStream(stream);
        ByteBuf fragment = unpadded(payload, flags);
        boolean selfDependent = false;
        if ((flags & Http2.PRIORITY_FLAG) != 0) {
            if (fragment.readableBytes() < Http2.PRIORITY_BYTES) {
                throw wrongLength(payload);
            }
            selfDependent = (fragment.readInt() & Http2.STREAM_ID_MASK) == stream;
            fragment.skipBytes(1);
        }
        if (selfDependent) {
            // Ends the connection, because the header block is not decoded and the table is out of step then.
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "a stream that depends on itself");
        }
        boolean endsStream = (flags & Http2.END_STREAM) != 0;
        if ((flags & Http2.END_HEADERS) != 0) {
            frames.headers(stream, fragment, endsStream);
            return;
        }
        blockStream = stream;
        blockEndsStream = endsStream;
        continuations = 0;
        block = ByteBufAllocator.DEFAULT.heapBuffer(fragment.readableBytes()).writeBytes(fragment);
    }

    private void continuation(int flags, ByteBuf payload) throws Violation {
        ByteBuf begun = block;
        if (begun == null) {
            throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "a continuation of nothing");
        }
        if (++continuations > CONTINUATIONS_MAX || begun.readableBytes() + payload.readableBytes() > blockBytesMax) {
            throw Violation.ofConnection(Http2.ENHANCE_YOUR_CALM, "a header block that does not end");
        }
        begun.writeBytes(payload);
        if ((flags & Http2.END_HEADERS) != 0) {
            block = null;
            try {
                frames.headers(blockStream, begun, blockEndsStream);
            } finally {
                begun.release();
            }
        }
    }

    /** Checked and nothing else: there is one order of streams, that of arrival. */
    private static void priority(int stream, ByteBuf payload) throws Violation {
        ofSomeStream(stream);
        if (payload.readableBytes() != Http2.PRIORITY_BYTES) {
            throw Violation.ofStream(stream, Http2.FRAME_SIZE_ERROR, "a priority of another length");
        }
        if ((payload.readInt() & Http2.STREAM_ID_MASK) == stream) {
            throw Violation.ofStream(stream, Http2.PROTOCOL_ERROR, "a stream that depends on itself");
        }
    }

    private void settings(int stream, int flags, ByteBuf payload) throws Violation {
        ofConnection(stream);
        if ((flags & Http2.ACK) != 0) {
            if (!settingsRead) {
                throw Violation.ofConnection(Http2.PROTOCOL_ERROR, "settings were acknowledged before any were sent");
            }
            ofLength(payload, 0);
            return;
        }
        if (payload.readableBytes() % Http2.SETTING_BYTES != 0) {
            throw wrongLength(payload);
        }
        settingsRead = true;
        while (payload.isReadable()) {
            int id = payload.readUnsignedShort();
            frames.setting(id, payload.readUnsignedInt());
        }
        frames.settingsEnd();
    }

    /** Lets go of what is held. */
    void close() {
        ByteBuf begun = block;
        block = null;
        if (begun != null) {
            begun.release();
        }
    }
}
