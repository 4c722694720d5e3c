package dev.cairn.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Confined to the Raft loop. Tells the log when a member comes to know another leader, in the words that operators search for. */
final class LeaderLines {
    private static final Logger LOG = LoggerFactory.getLogger(LeaderLines.class);

    private final String self;
    private long leader;

    LeaderLines(long memberId) {
        this.self = Long.toHexString(memberId);
    }

    /** @param now who leads; 0 for nobody */
    void onLeader(long now, long term) {
        long before = leader;
        if (now == before) {
            return;
        }
        leader = now;
        if (now == 0) {
            LOG.info("raft.node: {} lost leader {} at term {}", self, Long.toHexString(before), term);
        } else if (before == 0) {
            LOG.info("raft.node: {} elected leader {} at term {}", self, Long.toHexString(now), term);
        } else {
            LOG.info(
                    "raft.node: {} changed leader from {} to {} at term {}",
                    self,
                    Long.toHexString(before),
                    Long.toHexString(now),
                    term);
        }
    }
}
