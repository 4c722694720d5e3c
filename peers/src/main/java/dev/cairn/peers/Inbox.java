package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The last check before a message goes to the host. Thread-safe. */
final class Inbox {
    private static final Logger LOG = LoggerFactory.getLogger(Inbox.class);

    /** What became of a message. */
    enum Delivery {
        TAKEN("taken"),
        /** Its sender has been removed from the cluster. */
        FROM_REMOVED_MEMBER("cannot process message from removed member"),
        /** It is for another member. */
        NOT_FOR_THIS_MEMBER("cannot process message to mismatch member"),
        /** The host is overloaded. */
        REFUSED("too many messages are waiting");

        private final String text;

        Delivery(String text) {
            this.text = text;
        }

        /** What the sender is told. */
        String text() {
            return text;
        }
    }

    private final long localId;
    private final RaftHost host;
    private final PeerListener listener;

    Inbox(long localId, RaftHost host, PeerListener listener) {
        this.localId = localId;
        this.host = host;
        this.listener = listener;
    }

    /** Checks only. */
    Delivery check(Message message) {
        if (host.isRemoved(message.from())) {
            return Delivery.FROM_REMOVED_MEMBER;
        }
        return message.to() == localId ? Delivery.TAKEN : Delivery.NOT_FOR_THIS_MEMBER;
    }

    /** Checks, and gives the message to the host. */
    Delivery deliver(Message message) {
        Delivery checked = check(message);
        if (checked != Delivery.TAKEN) {
            LOG.atWarn()
                    .setMessage(
                            checked == Delivery.FROM_REMOVED_MEMBER
                                    ? "rejected Raft message from removed member"
                                    : "rejected Raft message to mismatch member")
                    .addKeyValue("local-member-id", Long.toHexString(localId))
                    .addKeyValue("removed-member-id", Long.toHexString(message.from()))
                    .addKeyValue("mismatch-member-id", Long.toHexString(message.to()))
                    .log();
            return checked;
        }
        if (!host.process(message)) {
            listener.receiveFailed(Long.toHexString(message.from()));
            LOG.atDebug()
                    .setMessage("dropped internal Raft message since receiving buffer is full (overloaded network)")
                    .addKeyValue("message-type", message.type().wireName())
                    .addKeyValue("local-member-id", Long.toHexString(localId))
                    .addKeyValue("from", Long.toHexString(message.from()))
                    .log();
            return Delivery.REFUSED;
        }
        return Delivery.TAKEN;
    }
}
