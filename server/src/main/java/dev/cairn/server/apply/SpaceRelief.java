package dev.cairn.server.apply;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.thread.Duty;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lifts the leader's own NOSPACE alarm, through the log, when there is room again; etcd leaves that to the operator. Confined to the
 * thread that runs the duty.
 *
 * <p><b>When.</b> The store was seen at or above the low-water mark, nine tenths of the quota, or had no room for a request; the alarm is
 * raised; and the store has stayed below the mark for five seconds. The distance between mark and quota keeps the alarm from flapping, the time lets a
 * compaction that is still removing come to its end.
 *
 * <p><b>When not.</b> An alarm that somebody raised by hand while there was room stays until somebody disarms it, because the store
 * was never seen full. The alarms of other members stay as well: only their own stores can tell. No other kind of alarm is touched.
 */
public final class SpaceRelief implements Duty {
    private static final Logger LOG = LoggerFactory.getLogger(SpaceRelief.class);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long BELOW_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Quota quota;
    private final Alarms alarms;
    private final Proposer proposer;
    private final long memberId;
    private final BooleanSupplier leading;
    private final AtomicBoolean lifting = new AtomicBoolean();

    private long nextLookNanos;
    /** The store has been at the mark, and since then not below it without the alarm for as long as an alarm may be on its way. */
    private boolean wasFull;

    private long aboveNanos;

    /** @param leading whether this member is the leader */
    public SpaceRelief(
            Quota quota, Alarms alarms, Proposer proposer, long memberId, BooleanSupplier leading, long nowNanos) {
        this.quota = quota;
        this.alarms = alarms;
        this.proposer = proposer;
        this.memberId = memberId;
        this.leading = leading;
        this.nextLookNanos = nowNanos;
        this.aboveNanos = nowNanos;
    }

    /** Below this there is room again; a tenth of the quota lies between. */
    static long lowWaterBytes(long limitBytes) {
        return limitBytes - limitBytes / 10;
    }

    @Override
    public int doWork(long nowNanos) {
        if (nowNanos - nextLookNanos < 0) {
            return 0;
        }
        nextLookNanos = nowNanos + LOOK_NANOS;
        long mark = lowWaterBytes(quota.limitBytes());
        long inUse = quota.bytesInUse();
        if (mark < 0) {
            // Without a quota nothing is ever full; an alarm that is still raised is from another time.
            return 0;
        }
        // A small store can be full and empty again between two looks.
        if (quota.takeExceeded() || inUse >= mark) {
            wasFull = true;
            aboveNanos = nowNanos;
            return 0;
        }
        if (!alarms.isActive(memberId, AlarmType.NOSPACE)) {
            wasFull = wasFull && nowNanos - aboveNanos < BELOW_NANOS;
            return 0;
        }
        if (!wasFull || nowNanos - aboveNanos < BELOW_NANOS || !leading.getAsBoolean()) {
            return 0;
        }
        return lift(inUse, mark) ? 1 : 0;
    }

    @Override
    public long nextDeadlineNanos() {
        return nextLookNanos;
    }

    private boolean lift(long inUse, long mark) {
        if (!lifting.compareAndSet(false, true)) {
            return false;
        }
        LOG.atInfo()
                .setMessage("space has come free; disarming the NOSPACE alarm")
                .addKeyValue("size-in-use-bytes", inUse)
                .addKeyValue("low-water-bytes", mark)
                .addKeyValue("quota-size-bytes", quota.limitBytes())
                .log();
        AlarmRequest disarm = AlarmRequest.newBuilder()
                .setAction(AlarmRequest.AlarmAction.DEACTIVATE)
                .setMemberID(memberId)
                .setAlarm(AlarmType.NOSPACE)
                .build();
        proposer.propose(InternalRaftRequest.newBuilder().setAlarm(disarm), new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                lifting.set(false);
            }

            @Override
            public void fail(EtcdError error) {
                // The next look tries again.
                lifting.set(false);
            }
        });
        return true;
    }
}
