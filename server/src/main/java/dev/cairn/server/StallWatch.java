package dev.cairn.server;

import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.RaftGroup;
import dev.cairn.server.thread.Duty;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives leadership away when this member's disk stands still: its heartbeats go on, so nobody else would ever stand for election, but
 * what its clients propose is not applied here before the disk has it. A disk that is slow is not meant; one that has not finished a
 * single write for an election timeout is.
 *
 * <p>A duty of the housekeeping thread. After an attempt it waits for some election timeouts, so that leadership does not wander
 * around a cluster whose disks all stand still.
 */
final class StallWatch implements Duty {
    private static final Logger LOG = LoggerFactory.getLogger(StallWatch.class);
    private static final int LOOKS_PER_TIMEOUT = 4;
    private static final int PAUSE_TIMEOUTS = 5;

    private final Cluster cluster;
    private final MemberStatus status;
    private final RaftGroup raft;
    private final LongUnaryOperator stalled;
    private final Function<List<Member>, @Nullable Member> successor;
    private final long timeoutNanos;
    private long nextNanos;

    /**
     * @param stalled for how long, at the given time, the log has been busy with the same write
     * @param successor chooses among the other voters; null when none can be reached
     */
    StallWatch(
            Cluster cluster,
            MemberStatus status,
            RaftGroup raft,
            LongUnaryOperator stalled,
            Function<List<Member>, @Nullable Member> successor,
            long electionTimeoutNanos,
            long nowNanos) {
        this.cluster = cluster;
        this.status = status;
        this.raft = raft;
        this.stalled = stalled;
        this.successor = successor;
        this.timeoutNanos = electionTimeoutNanos;
        this.nextNanos = nowNanos + electionTimeoutNanos;
    }

    @Override
    public int doWork(long nowNanos) {
        if (nowNanos - nextNanos < 0) {
            return 0;
        }
        nextNanos = nowNanos + timeoutNanos / LOOKS_PER_TIMEOUT;
        long self = cluster.identity().memberId();
        long since = stalled.applyAsLong(nowNanos);
        if (since < timeoutNanos || status.leader() != self) {
            return 0;
        }
        List<Member> others = cluster.view().voters().stream()
                .filter(member -> member.id() != self)
                .toList();
        Member next = others.isEmpty() ? null : successor.apply(others);
        if (next == null) {
            return 0;
        }
        nextNanos = nowNanos + PAUSE_TIMEOUTS * timeoutNanos;
        LOG.atWarn()
                .setMessage("the disk of the log stands still; leadership is handed over")
                .addKeyValue("local-member-id", Identity.hex(self))
                .addKeyValue("transferee-member-id", Identity.hex(next.id()))
                .addKeyValue("stalled-ms", TimeUnit.NANOSECONDS.toMillis(since))
                .log();
        raft.transferLeadership(next.id(), new Completion<Long>() {
            @Override
            public void complete(Long leader) {
                // The change of leadership is told where it happens.
            }

            @Override
            public void fail(EtcdError error) {
                LOG.atWarn()
                        .setMessage("leadership could not be handed over")
                        .addKeyValue("error", error.message())
                        .log();
            }
        });
        return 1;
    }

    @Override
    public long nextDeadlineNanos() {
        return nextNanos;
    }
}
