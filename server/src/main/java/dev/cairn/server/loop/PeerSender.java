package dev.cairn.server.loop;

import dev.cairn.raft.message.Message;
import java.util.List;

/** Takes messages to other members. Called on the Raft loop and, for what had to wait for the disk, too; never blocks. */
public interface PeerSender {
    void send(List<Message> messages);
}
