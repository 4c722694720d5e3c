package dev.cairn.server;

import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.loop.RaftInbox;
import dev.cairn.server.thread.Duty;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shortens the first election timeout after a start: when other members are connected and none has spoken as the leader yet, most of the
 * timeout is skipped. Two ticks are left for a leader to be heard. A duty of the housekeeping thread, done with the first that comes:
 * connections, or the end of its time.
 */
final class FirstElection implements Duty {
    private static final Logger LOG = LoggerFactory.getLogger(FirstElection.class);

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int TICKS_LEFT = 2;

    /** As etcd has it: one connection may be to a member that is cut off as well. */
    private static final int PEERS_MIN = 2;

    private final RaftInbox inbox;
    private final IntSupplier activePeers;
    private final int ticks;
    private final long endNanos;
    private long nextNanos;

    FirstElection(ServerConfig config, MemberCore core, long nowNanos) {
        this(
                core.inbox,
                core.peers::activePeers,
                config.initialElectionTickAdvance() ? config.electionTicks() : 0,
                nowNanos);
    }

    /** @param electionTicks 0 when nothing is to be skipped */
    FirstElection(RaftInbox inbox, IntSupplier activePeers, int electionTicks, long nowNanos) {
        this.inbox = inbox;
        this.activePeers = activePeers;
        this.ticks = electionTicks - TICKS_LEFT;
        this.endNanos = nowNanos + LIMIT_NANOS;
        this.nextNanos = ticks > 0 ? nowNanos + LOOK_NANOS : Long.MAX_VALUE;
    }

    @Override
    public int doWork(long nowNanos) {
        if (nextNanos == Long.MAX_VALUE || nowNanos - nextNanos < 0) {
            return 0;
        }
        nextNanos = nowNanos + LOOK_NANOS;
        if (activePeers.getAsInt() >= PEERS_MIN) {
            LOG.atInfo()
                    .setMessage("initialized peer connections; fast-forwarding election ticks")
                    .addKeyValue("forward-ticks", ticks)
                    .addKeyValue("election-ticks", ticks + TICKS_LEFT)
                    .addKeyValue("active-remote-members", activePeers.getAsInt())
                    .log();
            inbox.skipTicks(ticks);
            nextNanos = Long.MAX_VALUE;
        } else if (nowNanos - endNanos >= 0) {
            nextNanos = Long.MAX_VALUE;
        }
        return 1;
    }

    @Override
    public long nextDeadlineNanos() {
        return nextNanos;
    }
}
