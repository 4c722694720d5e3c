package dev.cairn.server.compact;

import dev.cairn.server.api.Proposer;
import dev.cairn.server.thread.Duty;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the last revisions, so many as the operator wants: every five minutes the leader compacts to the one before them, unless
 * that is what it compacted to last. Confined to the thread that runs the duty.
 */
public final class RevisionCompaction implements Duty {
    private static final Logger LOG = LoggerFactory.getLogger(RevisionCompaction.class);
    private static final long INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final long retention;
    private final LongSupplier currentRevision;
    private final BooleanSupplier leading;
    private final CompactionCall call;

    private long nextNanos;
    private long startedNanos;
    private long lastRevision;

    /**
     * @param retention how many revisions to keep
     * @param leading whether this member is the leader
     * @param wake wakes the thread of this duty
     */
    public RevisionCompaction(
            long retention,
            LongSupplier currentRevision,
            BooleanSupplier leading,
            Proposer proposer,
            Runnable wake,
            long nowNanos) {
        if (retention <= 0) {
            throw new IllegalArgumentException("retention: " + retention + " (expected: more than 0)");
        }
        this.retention = retention;
        this.currentRevision = currentRevision;
        this.leading = leading;
        this.call = new CompactionCall(proposer, wake);
        this.nextNanos = nowNanos + INTERVAL_NANOS;
    }

    @Override
    public int doWork(long nowNanos) {
        if (call.isUnderWay()) {
            CompactionCall.Outcome outcome = call.take();
            if (outcome == null) {
                return 0;
            }
            finish(outcome, nowNanos);
            nextNanos = nowNanos + INTERVAL_NANOS;
            return 1;
        }
        if (nowNanos - nextNanos < 0) {
            return 0;
        }
        nextNanos = nowNanos + INTERVAL_NANOS;
        long revision = currentRevision.getAsLong() - retention;
        if (!leading.getAsBoolean() || revision <= 0 || revision == lastRevision) {
            return 1;
        }
        startedNanos = nowNanos;
        LOG.atInfo()
                .setMessage("starting auto revision compaction")
                .addKeyValue("revision", revision)
                .addKeyValue("revision-compaction-retention", retention)
                .log();
        call.start(revision);
        return 1;
    }

    @Override
    public long nextDeadlineNanos() {
        return call.isUnderWay() ? Long.MAX_VALUE : nextNanos;
    }

    private void finish(CompactionCall.Outcome outcome, long nowNanos) {
        if (outcome.isDone()) {
            lastRevision = outcome.revision();
            LOG.atInfo()
                    .setMessage("completed auto revision compaction")
                    .addKeyValue("revision", outcome.revision())
                    .addKeyValue("revision-compaction-retention", retention)
                    .addKeyValue("took", Duration.ofNanos(nowNanos - startedNanos))
                    .log();
            return;
        }
        LOG.atWarn()
                .setMessage("failed auto revision compaction")
                .addKeyValue("revision", outcome.revision())
                .addKeyValue("revision-compaction-retention", retention)
                .addKeyValue("retry-interval", Duration.ofNanos(INTERVAL_NANOS))
                .addKeyValue(
                        "error", outcome.error() == null ? "" : outcome.error().message())
                .log();
    }
}
