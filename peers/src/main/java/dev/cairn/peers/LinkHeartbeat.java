package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;

/**
 * The sign of life of a stream on which nothing else is sent: a heartbeat from nobody to nobody, which Raft never sends. Whoever reads a
 * stream gives it up when nothing comes for the read timeout; heartbeats come three times in that time.
 */
final class LinkHeartbeat {
    /** The one message of this kind. */
    static final Message MESSAGE = Message.builder(MessageType.HEARTBEAT).build();

    private LinkHeartbeat() {}

    static boolean is(Message message) {
        return message.type() == MessageType.HEARTBEAT
                && message.from() == Message.NONE
                && message.to() == Message.NONE;
    }
}
