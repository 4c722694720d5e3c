package dev.cairn.server.compact;

import dev.cairn.server.api.Proposer;
import dev.cairn.server.thread.Duty;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the history of the last {@code period}, on etcd's schedule. Confined to the thread that runs the duty.
 *
 * <p><b>Samples.</b> The store's revision is noted ten times in each interval, which is the period, but an hour at most; so many
 * samples are kept that the oldest is one period old. A member that does not lead samples too: it may lead the next moment.
 *
 * <p><b>Compactions.</b> After the first whole period, and from then on once in each interval, the leader compacts to the oldest
 * sample, unless that is what it compacted to last. One that fails is tried again with the next sample.
 */
public final class PeriodicCompaction implements Duty {
    private static final Logger LOG = LoggerFactory.getLogger(PeriodicCompaction.class);
    private static final long INTERVAL_NANOS_MAX = TimeUnit.HOURS.toNanos(1);
    private static final int SAMPLES_PER_INTERVAL = 10;

    private final Duration period;
    private final long intervalNanos;
    private final long sampleNanos;
    private final int samplesMax;
    private final LongSupplier currentRevision;
    private final BooleanSupplier leading;
    private final CompactionCall call;
    private final ArrayDeque<Long> samples = new ArrayDeque<>();

    private long nextSampleNanos;
    private long lastSuccessNanos;
    /** From the last success to the next compaction: the whole period until the first was tried. */
    private long restNanos;

    private long startedNanos;
    private long lastRevision;

    /**
     * @param period the history to keep, long enough to be divided into samples
     * @param leading whether this member is the leader
     * @param wake wakes the thread of this duty
     */
    public PeriodicCompaction(
            Duration period,
            LongSupplier currentRevision,
            BooleanSupplier leading,
            Proposer proposer,
            Runnable wake,
            long nowNanos) {
        long periodNanos = period.toNanos();
        if (periodNanos < SAMPLES_PER_INTERVAL) {
            throw new IllegalArgumentException("period: " + period + " (expected: at least 10ns)");
        }
        this.period = period;
        this.intervalNanos = Math.min(periodNanos, INTERVAL_NANOS_MAX);
        this.sampleNanos = intervalNanos / SAMPLES_PER_INTERVAL;
        this.samplesMax = Math.toIntExact(periodNanos / sampleNanos + 1);
        this.currentRevision = currentRevision;
        this.leading = leading;
        this.call = new CompactionCall(proposer, wake);
        this.lastSuccessNanos = nowNanos;
        this.restNanos = periodNanos;
        sample(nowNanos);
    }

    @Override
    public int doWork(long nowNanos) {
        if (call.isUnderWay()) {
            CompactionCall.Outcome outcome = call.take();
            if (outcome == null) {
                return 0;
            }
            finish(outcome, nowNanos);
            sample(nowNanos);
            return 1;
        }
        if (nowNanos - nextSampleNanos < 0) {
            return 0;
        }
        long revision = samples.element();
        if (!leading.getAsBoolean() || nowNanos - lastSuccessNanos < restNanos || revision == lastRevision) {
            sample(nowNanos);
            return 1;
        }
        restNanos = intervalNanos;
        startedNanos = nowNanos;
        LOG.atInfo()
                .setMessage("starting auto periodic compaction")
                .addKeyValue("revision", revision)
                .addKeyValue("compact-period", period)
                .log();
        call.start(revision);
        return 1;
    }

    @Override
    public long nextDeadlineNanos() {
        return call.isUnderWay() ? Long.MAX_VALUE : nextSampleNanos;
    }

    private void sample(long nowNanos) {
        samples.add(currentRevision.getAsLong());
        if (samples.size() > samplesMax) {
            samples.remove();
        }
        nextSampleNanos = nowNanos + sampleNanos;
    }

    private void finish(CompactionCall.Outcome outcome, long nowNanos) {
        if (outcome.isDone()) {
            LOG.atInfo()
                    .setMessage("completed auto periodic compaction")
                    .addKeyValue("revision", outcome.revision())
                    .addKeyValue("compact-period", period)
                    .addKeyValue("took", Duration.ofNanos(nowNanos - startedNanos))
                    .log();
            lastRevision = outcome.revision();
            lastSuccessNanos = nowNanos;
            return;
        }
        LOG.atWarn()
                .setMessage("failed auto periodic compaction")
                .addKeyValue("revision", outcome.revision())
                .addKeyValue("compact-period", period)
                .addKeyValue("retry-interval", Duration.ofNanos(sampleNanos))
                .addKeyValue(
                        "error", outcome.error() == null ? "" : outcome.error().message())
                .log();
    }
}
