package dev.cairn.server.loop;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Members to whom no connection exists: what is meant for them is dropped, and the core is told, so that it goes on sending to them
 * one probe at a time. Confined to the Raft loop.
 */
public final class AbsentPeers implements PeerSender {
    private static final Logger LOG = LoggerFactory.getLogger(AbsentPeers.class);

    private final RaftInbox inbox;
    private final Set<Long> told = new HashSet<>();

    public AbsentPeers(RaftInbox inbox) {
        this.inbox = inbox;
    }

    @Override
    public void send(List<Message> messages) {
        for (Message message : messages) {
            if (message.type() == MessageType.SNAP) {
                inbox.snapshotLost(message.to());
            }
            inbox.unreachable(message.to());
            if (told.add(message.to())) {
                LOG.atWarn()
                        .setMessage("messages to a member that this server cannot reach are dropped")
                        .addKeyValue("remote-peer-id", Long.toHexString(message.to()))
                        .log();
            }
        }
    }
}
