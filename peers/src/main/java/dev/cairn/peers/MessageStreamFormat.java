package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Layout of the message stream, and of the beginning of a snapshot's body.
 *
 * <pre>
 *   +----------------------+----------------+
 *   | length, 8 bytes, BE  | raftpb.Message |   and so on; a link heartbeat is a message of type heartbeat and nothing else
 *   +----------------------+----------------+
 * </pre>
 */
final class MessageStreamFormat {
    /** The message before a snapshot's database; the database itself has no limit. */
    static final int SNAPSHOT_MESSAGE_BYTES_MAX = 64 << 20;

    private MessageStreamFormat() {}

    static void write(Message message, ByteBuf out) {
        int bytes = MessageFormat.sizeOf(message);
        out.ensureWritable(Long.BYTES + bytes);
        out.writeLong(bytes);
        MessageFormat.write(message, out);
    }

    /** The next message, or null if it is not all there yet. */
    static @Nullable Message read(ByteBuf in, int bytesMax) throws MalformedMessageException {
        if (in.readableBytes() < Long.BYTES) {
            return null;
        }
        long length = in.getLong(in.readerIndex());
        if (length < 0 || length > bytesMax) {
            throw new MalformedMessageException("rafthttp: error limit exceeded");
        }
        if (in.readableBytes() - Long.BYTES < length) {
            return null;
        }
        in.skipBytes(Long.BYTES);
        return MessageFormat.read(in, (int) length);
    }

    /** Writes the stream of all messages that no other channel takes. */
    static final class Encoder implements StreamEncoder {
        @Override
        public void encode(Message message, ByteBuf out) {
            write(message, out);
        }
    }

    /** Reads such a stream. */
    static final class Decoder implements StreamDecoder {
        @Override
        public @Nullable Message decode(ByteBuf in) throws MalformedMessageException {
            return read(in, MessageFormat.MESSAGE_BYTES_MAX);
        }
    }
}
