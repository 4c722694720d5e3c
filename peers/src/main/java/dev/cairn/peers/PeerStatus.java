package dev.cairn.peers;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether a peer answers, and since when. Thread-safe: changes are made under its monitor. */
final class PeerStatus {
    private static final Logger LOG = LoggerFactory.getLogger(PeerStatus.class);

    private final Object lock = new Object();
    private final long id;
    private final PeerListener listener;
    private volatile @Nullable Instant since;

    PeerStatus(long id, PeerListener listener) {
        this.id = id;
        this.listener = listener;
    }

    /** Something with the peer works. */
    void activate() {
        if (since != null) {
            return;
        }
        synchronized (lock) {
            if (since != null) {
                return;
            }
            since = Instant.now();
            listener.peerActive(id);
        }
        LOG.atInfo()
                .setMessage("peer became active")
                .addKeyValue("peer-id", Long.toHexString(id))
                .log();
    }

    /** Something with the peer does not work: {@code failed to <action> <peer> on <source> (<reason>)}. */
    void deactivate(String source, String action, String reason) {
        boolean was;
        synchronized (lock) {
            was = since != null;
            since = null;
            if (was) {
                listener.peerInactive(id);
            }
        }
        (was ? LOG.atWarn() : LOG.atDebug())
                .setMessage(was ? "peer became inactive (message send to peer failed)" : "peer deactivated again")
                .addKeyValue("peer-id", Long.toHexString(id))
                .addKeyValue(
                        "error",
                        "failed to " + action + " " + Long.toHexString(id) + " on " + source + " (" + reason + ")")
                .log();
    }

    /** The peer is no peer any more; nothing went wrong. */
    void end() {
        synchronized (lock) {
            if (since != null) {
                since = null;
                listener.peerInactive(id);
            }
        }
    }

    /** Null while the peer is not active. */
    @Nullable
    Instant activeSince() {
        return since;
    }
}
