package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Turns the bytes of one stream into messages, in order. Belongs to one connection and is confined to its event loop. */
interface StreamDecoder {
    /**
     * Takes the next message out of the buffer.
     *
     * @return a message, also each {@link LinkHeartbeat}; null if more bytes are needed
     * @throws MalformedMessageException after which the decoder must not be used any more
     */
    @Nullable
    Message decode(ByteBuf in) throws MalformedMessageException;
}
