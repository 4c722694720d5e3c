package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;

/** Turns messages into the bytes of one stream, in order. Belongs to one connection and is confined to its event loop. */
interface StreamEncoder {
    /** Appends a message, or a {@link LinkHeartbeat}, to the buffer. */
    void encode(Message message, ByteBuf out);
}
