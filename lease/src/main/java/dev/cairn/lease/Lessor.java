package dev.cairn.lease;

import com.google.protobuf.ByteString;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.mvcc.KeyRange;
import dev.cairn.mvcc.LeaseAttachments;
import dev.cairn.mvcc.Table;
import dev.cairn.mvcc.Tables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * All leases of the member: what was granted, which keys hang on what, and, on the leader's member, when each one runs out.
 *
 * <h2>Roles</h2>
 *
 * <p>The log says which leases exist; only the leader's member, the <em>primary</em>, measures time. A lessor begins as
 * secondary. {@link #promote} makes it primary and gives every lease its full TTL, or what the last checkpoint left of it,
 * plus an extension, because nobody knows how much had passed; {@link #demote} makes it secondary again and forgets the
 * times. An expired lease is still there: it can no longer be renewed, but its keys go only when a proposed revocation is
 * applied, on all members alike.
 *
 * <h2>Threads</h2>
 *
 * <ul>
 *   <li>The apply loop alone grants, revokes, checkpoints, attaches, detaches and restores. These come in log order, save for the keys that the
 *       store attaches as it finds them.
 *   <li>One thread runs {@link #doWork}, the expiry duty.
 *   <li>Any thread may renew and ask. A renewal takes no lock: it moves the expiry in the lease, and the wheel learns of it
 *       when the lease's old slot comes up. Only a renewal that brings the expiry forward, after a prolonging promotion,
 *       files the lease anew.
 *   <li>Promotion and demotion come from any thread, in the order of the member's roles. They visit every lease with the lock
 *       held, which grants and revocations then wait for.
 * </ul>
 *
 * <p>One lock guards the role's transitions, the wheel and the plan of checkpoints. It is taken last: nothing else is locked
 * under it, and the sink that is called under it does not block. Invariant under the lock: a lease is in the wheel exactly
 * when it is in the map and the lessor is primary; its place comes up no later than a tick after the earlier of its expiry
 * and its checkpoint, or for an expired one, its next offer.
 *
 * <h2>Keys</h2>
 *
 * <p>The lease table does not say which keys hang on a lease; the keys do. So after {@link #restore} it is not known until the store has looked at
 * each of them, which it does while it applies entries already. Until then nobody is told keys, and no lease is revoked:
 *
 * <ul>
 *   <li>An entry that revokes a lease, or is judged by the keys on one, has the apply loop attach all that is left first: it comes out alike on all
 *       members.
 *   <li>A call that asks for keys, or is judged by them, waits ({@link #whenAttached}). The question of another member is
 *       answered that it come again.
 *   <li>Nothing else asks: grants, renewals, checkpoints, expiry and the list of leases know leases only, and what goes out as snapshot, backup or digest is made of
 *       the keys themselves.
 * </ul>
 *
 * <p>See {@link Attaching}.
 *
 * <h2>Time</h2>
 *
 * <p>Every {@code nowNanos} is a reading of one clock like {@link System#nanoTime}. Inside, times count from the lessor's
 * making, so that the longest TTL, 285 years, cannot overflow; a reading that lies before another counts as no time passed.
 *
 * <h2>Bounds</h2>
 *
 * <p>Memory grows with leases, attached keys and waiting renewals alone; {@value Attaching#WAITING_MAX} at most wait for keys. How many revocations are under way is
 * the sink's to say; of checkpoints it is offered at most {@value #CHECKPOINTS_PER_SCAN} in {@value #SCAN_MILLIS} ms.
 */
public final class Lessor implements LeaseAttachments {
    /** The id that means no lease. */
    public static final long NO_LEASE = 0;

    /** The longest TTL that may be asked for. */
    public static final long MAX_TTL_SECONDS = 9_000_000_000L;

    static final int SCAN_MILLIS = 500;
    static final int CHECKPOINTS_PER_SCAN = 1000;

    /** From so many leases on, a promotion spreads their expiries. */
    static final int SPREAD_FROM_LEASES = 1000;

    /** How many leases run out in a second after such a promotion, as in etcd: far fewer than can be revoked. */
    static final int SPREAD_PER_SECOND = 750;

    /** When an expired lease that was offered and is still there is offered again. */
    static final int OFFER_AGAIN_MILLIS = 3000;

    private static final int LEASES_PER_LOCK = 256;
    private static final int FREE_ID_ATTEMPTS_MAX = 100;
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Tables tables;
    private final LessorOptions options;
    private final ExpirySink sink;
    private final long originNanos;
    private final ConcurrentHashMap<Long, Lease> leases = new ConcurrentHashMap<>();

    /** What waits for an expired lease to be revoked. */
    private final ConcurrentHashMap<Long, List<Runnable>> waiting = new ConcurrentHashMap<>();

    private final Attaching attaching = new Attaching();

    private final Object lock = new Object();

    /** Present exactly when primary. Written under the lock; the wheel itself is touched under the lock only. */
    private volatile @Nullable ExpiryWheel wheel;

    private LeaseMeter meter = LeaseMeter.NONE;

    /** Owned by the expiry duty. */
    private long nextScanNanos;

    /** Whether expired leases wait because the sink had no room for them. Owned by the expiry duty. */
    private boolean backlog;

    /** A lessor without leases; {@link #restore} loads those of the table. */
    public Lessor(Tables tables, LessorOptions options, ExpirySink sink, long nowNanos) {
        this.tables = tables;
        this.options = options;
        this.sink = sink;
        this.originNanos = nowNanos;
    }

    /** Names who counts. Before anything else is called. */
    public void measureBy(LeaseMeter newMeter) {
        meter = newMeter;
    }

    // Apply loop.

    /**
     * Forgets everything and loads what the lease table holds: at start, and when a snapshot has replaced the tables. The
     * lessor is secondary then. The store attaches the keys afterwards, and says when it has ({@link #attachedAll}); entries may be applied
     * meanwhile, but a lease is only revoked afterwards.
     */
    public void restore() {
        attaching.begin();
        demote();
        synchronized (lock) {
            leases.clear();
        }
        tables.forEach(Table.LEASE, (key, value) -> {
            dev.cairn.proto.leasepb.Lease row = LeaseFormat.parse(key, value);
            long ttl = Math.max(row.getTTL(), options.minTtlSeconds());
            leases.put(row.getID(), new Lease(row.getID(), ttl, Math.max(0, row.getRemainingTTL())));
        });
    }

    /**
     * Makes a lease.
     *
     * @param id what {@link #freeId} or the client chose
     * @return the granted TTL: what was asked for, raised to the least TTL
     * @throws LeaseException TTL_TOO_LARGE, LEASE_EXISTS, or LEASE_NOT_FOUND for the id that means no lease
     */
    public long grant(long id, long ttlSeconds, long nowNanos) throws LeaseException {
        if (id == NO_LEASE) {
            throw new LeaseException(LeaseException.Reason.LEASE_NOT_FOUND);
        }
        if (ttlSeconds > MAX_TTL_SECONDS) {
            throw new LeaseException(LeaseException.Reason.TTL_TOO_LARGE);
        }
        if (leases.containsKey(id)) {
            throw new LeaseException(LeaseException.Reason.LEASE_EXISTS);
        }
        Lease lease = new Lease(id, Math.max(ttlSeconds, options.minTtlSeconds()), 0);
        tables.put(Table.LEASE, LeaseFormat.key(id), LeaseFormat.value(id, lease.ttlSeconds, 0));
        synchronized (lock) {
            ExpiryWheel wheel = this.wheel;
            if (wheel != null) {
                long now = elapsed(nowNanos);
                lease.setExpiry(later(now, lease.ttlSeconds));
                planCheckpoint(lease, now);
                file(wheel, lease);
            }
            attaching.grant(id);
            // Last, so that no renewal meets a lease without expiry.
            leases.put(id, lease);
        }
        meter.onGrant(lease.ttlSeconds);
        return lease.ttlSeconds;
    }

    /**
     * Ends a lease, expired or not.
     *
     * @return the keys that hung on it, in key order, for the caller to delete in one revision of the store
     * @throws LeaseException LEASE_NOT_FOUND
     * @throws IllegalStateException when the store has not attached all keys yet: those that are missing would outlive their lease
     */
    public List<ByteString> revoke(long id) throws LeaseException {
        if (!attaching.isOver()) {
            throw new IllegalStateException("lease " + id + " is revoked before all keys are attached");
        }
        Lease lease = leases.get(id);
        if (lease == null) {
            throw new LeaseException(LeaseException.Reason.LEASE_NOT_FOUND);
        }
        List<ByteString> keys = sorted(lease.keys());
        tables.delete(Table.LEASE, LeaseFormat.key(id));
        synchronized (lock) {
            leases.remove(id);
            ExpiryWheel wheel = this.wheel;
            if (wheel != null) {
                wheel.remove(lease);
            }
        }
        settle(id);
        meter.onRevoke();
        return keys;
    }

    /**
     * Writes down how much of its TTL a lease has left, 0 to have it count from the full TTL again. A lease that is gone is
     * not missed.
     */
    public void checkpoint(long id, long remainingTtlSeconds, long nowNanos) {
        Lease lease = leases.get(id);
        if (lease == null) {
            return;
        }
        lease.checkpointSeconds = Math.max(0, remainingTtlSeconds);
        tables.put(Table.LEASE, LeaseFormat.key(id), LeaseFormat.value(id, lease.ttlSeconds, lease.checkpointSeconds));
        synchronized (lock) {
            ExpiryWheel wheel = this.wheel;
            if (wheel != null && !lease.isExpired(elapsed(nowNanos))) {
                planCheckpoint(lease, elapsed(nowNanos));
                file(wheel, lease);
            }
        }
    }

    @Override
    public boolean exists(long lease) {
        return leases.containsKey(lease);
    }

    @Override
    public boolean wasRestored(long lease) {
        return exists(lease) && attaching.precedes(lease);
    }

    @Override
    public void attachedAll() {
        attaching.end();
    }

    /**
     * {@inheritDoc}
     *
     * <p>A lease that is gone takes no keys: the key then lives without one, as the store's history may have it after the
     * tables were restored. The bytes are kept as they are, so they should not be a window on a larger array.
     */
    @Override
    public void attach(long lease, ByteString key) {
        Lease held = leases.get(lease);
        if (held != null) {
            held.attach(key);
        }
    }

    @Override
    public void detach(long lease, ByteString key) {
        Lease held = leases.get(lease);
        if (held != null) {
            held.detach(key);
        }
    }

    // Roles.

    /**
     * Makes the lessor primary, or begins a new term of it.
     *
     * @param extendNanos by how much every lease is prolonged: the election that has just ended
     */
    public void promote(long nowNanos, long extendNanos) {
        long now = elapsed(nowNanos);
        synchronized (lock) {
            // All leases move over from the wheel of the former term, if there is one.
            ExpiryWheel fresh = new ExpiryWheel(now);
            Spread spread = leases.size() < SPREAD_FROM_LEASES ? null : Spread.of(leases.values());
            for (Lease lease : leases.values()) {
                long seconds = lease.secondsToLive();
                long expiry = later(now, seconds);
                if (spread != null) {
                    expiry = saturatedAdd(expiry, spread.delayNanos(seconds));
                }
                lease.setExpiry(saturatedAdd(expiry, extendNanos));
                planCheckpoint(lease, now);
                file(fresh, lease);
            }
            wheel = fresh;
        }
    }

    /** Makes the lessor secondary. Harmless when it is. */
    public void demote() {
        synchronized (lock) {
            unfile();
            wheel = null;
        }
        for (Long id : waiting.keySet()) {
            settle(id);
        }
    }

    /** Whether this lessor measures time. Thread-safe. */
    public boolean isPrimary() {
        return wheel != null;
    }

    // Any thread.

    /** Gives a lease its granted TTL once more. */
    public Renewal renew(long id, long nowNanos) {
        if (wheel == null) {
            return Renewal.NOT_PRIMARY;
        }
        Lease lease = leases.get(id);
        if (lease == null) {
            return Renewal.UNKNOWN;
        }
        long now = elapsed(nowNanos);
        if (lease.isExpired(now)) {
            return Renewal.EXPIRED;
        }
        FailPoint.BEFORE_CHECKPOINT_IN_LEASE_RENEW.hit();
        if (options.checkpointIntervalSeconds() > 0 && lease.checkpointSeconds > 0) {
            return Renewal.CHECKPOINTED;
        }
        long expiry = later(now, lease.ttlSeconds);
        if (!lease.renew(now, expiry)) {
            return Renewal.EXPIRED;
        }
        // The expiry was written before this is read, and the duty does both the other way round: one of the two sees
        // that
        // the lease lies too far back in the wheel.
        if (ExpiryWheel.tickNotBefore(expiry) < lease.filedTick) {
            synchronized (lock) {
                ExpiryWheel wheel = this.wheel;
                if (wheel != null && leases.get(id) == lease) {
                    file(wheel, lease);
                }
            }
        }
        meter.onRenew();
        return new Renewal(Renewal.State.RENEWED, lease.ttlSeconds);
    }

    /**
     * Has the task run, once, as soon as the lease is gone or this lessor is no longer primary; at once if that is so
     * already. It runs on whatever thread brings that about, so it must not block. As many tasks are held as renewals wait,
     * which the caller bounds.
     */
    public void whenSettled(long id, Runnable task) {
        waiting.compute(id, (key, tasks) -> {
            List<Runnable> all = tasks == null ? new ArrayList<>(1) : tasks;
            all.add(task);
            return all;
        });
        // Looked at after the task can be found: either this or the revocation runs it.
        if (!leases.containsKey(id) || wheel == null) {
            settle(id);
        }
    }

    /**
     * How long a lease will live.
     *
     * @throws LeaseException NOT_PRIMARY
     */
    public TimeToLive timeToLive(long id, long nowNanos) throws LeaseException {
        Lease lease = leases.get(id);
        TimeToLive answer = lease == null
                ? TimeToLive.UNKNOWN
                : new TimeToLive((lease.expiry() - elapsed(nowNanos)) / SECOND, lease.ttlSeconds);
        // Looked at last: an expiry that was read from a primary that ceased to be one says nothing.
        if (wheel == null) {
            throw new LeaseException(LeaseException.Reason.NOT_PRIMARY);
        }
        return answer;
    }

    /**
     * The keys that hang on a lease, in key order; none when there is no such lease. Null while the store is attaching those that it holds: then
     * ask again {@linkplain #whenAttached when it has}.
     */
    public @Nullable List<ByteString> attachedKeys(long id) {
        int phase = attaching.phase();
        if (!Attaching.isOver(phase)) {
            return null;
        }
        Lease lease = leases.get(id);
        List<ByteString> keys = lease == null ? Collections.emptyList() : sorted(lease.keys());
        return attaching.phase() == phase ? keys : null;
    }

    /**
     * Tells once when the store has attached all keys; at once if it has already, and else on the apply loop, so whoever hears of it must not
     * block.
     *
     * @param onEnd hears true when they are attached, false when this lessor has {@linkplain #stop stopped} before
     * @return false when too many wait already, and nothing will be heard
     */
    public boolean whenAttached(Consumer<Boolean> onEnd) {
        return attaching.await(onEnd);
    }

    /** Lets go who waits for keys: nobody may attach them any more. Everything else goes on. */
    public void stop() {
        attaching.stop();
    }

    /** The ids of all leases: those that run out first come first. A secondary lessor knows no times and sorts by id. */
    public long[] leases() {
        record Row(long expiry, long id) {}
        boolean primary = isPrimary();
        List<Row> rows = new ArrayList<>(leases.size());
        // The times are copied before they are sorted, as renewals move them meanwhile.
        leases.forEach((id, lease) -> rows.add(new Row(primary ? lease.expiry() : 0, id)));
        rows.sort((a, b) -> a.expiry != b.expiry ? Long.compare(a.expiry, b.expiry) : Long.compare(a.id, b.id));
        return rows.stream().mapToLong(Row::id).toArray();
    }

    /** The number of leases. */
    public int size() {
        return leases.size();
    }

    /**
     * A positive id that no lease has, out of candidates such as request ids, which need not be positive.
     *
     * @throws IllegalStateException when the candidates are no good
     */
    public long freeId(LongSupplier candidates) {
        for (int i = 0; i < FREE_ID_ATTEMPTS_MAX; i++) {
            long id = candidates.getAsLong() & Long.MAX_VALUE;
            if (id != NO_LEASE && !exists(id)) {
                return id;
            }
        }
        throw new IllegalStateException("no free lease id among " + FREE_ID_ATTEMPTS_MAX + " candidates");
    }

    // Expiry duty.

    /**
     * Offers expired leases and due checkpoints to the sink, if a scan is due: at intervals, and as soon as there is room for those that
     * the sink refused.
     *
     * @return how many it offered
     */
    public int doWork(long nowNanos) {
        long now = elapsed(nowNanos);
        if (wheel == null || (now < nextScanNanos && !hasRoomForBacklog(nowNanos))) {
            return 0;
        }
        backlog = false;
        nextScanNanos = now + TimeUnit.MILLISECONDS.toNanos(SCAN_MILLIS);
        Scan scan = new Scan(now);
        while (!scan.done) {
            // In pieces, so that nobody waits for the lock while a million leases are looked at.
            synchronized (lock) {
                scan.lookAtSome();
            }
        }
        return scan.revocations + scan.checkpoints;
    }

    private boolean hasRoomForBacklog(long nowNanos) {
        long room = backlog ? sink.roomAtNanos() : Long.MAX_VALUE;
        return room != Long.MAX_VALUE && room - nowNanos <= 0;
    }

    /** When {@link #doWork} has something to do at the latest, if nobody wakes the duty before; {@link Long#MAX_VALUE} if nothing. */
    public long nextDeadlineNanos() {
        if (wheel == null) {
            return Long.MAX_VALUE;
        }
        long scan = originNanos + nextScanNanos;
        long room = backlog ? sink.roomAtNanos() : Long.MAX_VALUE;
        return room == Long.MAX_VALUE || room - scan > 0 ? scan : room;
    }

    /** One scan of the expiry duty; used under the lock. */
    private final class Scan {
        private final long now;
        private int revocations;
        private int checkpoints;
        private boolean done;

        Scan(long now) {
            this.now = now;
        }

        void lookAtSome() {
            ExpiryWheel wheel = Lessor.this.wheel;
            for (int i = 0; i < LEASES_PER_LOCK && !done; i++) {
                Lease lease = wheel == null ? null : wheel.poll(now);
                if (wheel == null || lease == null) {
                    done = true;
                } else if (ExpiryWheel.isEarly(lease, now)) {
                    wheel.file(lease, lease.filedTick);
                } else if (lease.expire(now)) {
                    offerRevocation(wheel, lease);
                } else {
                    if (lease.checkpointAtNanos <= now) {
                        offerCheckpoint(lease);
                    }
                    file(wheel, lease);
                }
            }
        }

        private void offerRevocation(ExpiryWheel wheel, Lease lease) {
            if (sink.revoke(lease.id)) {
                revocations++;
                long again = now + TimeUnit.MILLISECONDS.toNanos(OFFER_AGAIN_MILLIS);
                wheel.file(lease, ExpiryWheel.tickNotBefore(again));
            } else {
                // It and all that come after it are first in line as soon as there is room.
                wheel.file(lease, 0);
                backlog = true;
                done = true;
            }
        }

        private void offerCheckpoint(Lease lease) {
            long remaining = (lease.expiry() - now + SECOND - 1) / SECOND;
            if (remaining < lease.ttlSeconds) {
                if (checkpoints >= CHECKPOINTS_PER_SCAN || !sink.checkpoint(lease.id, remaining)) {
                    lease.checkpointAtNanos = nextScanNanos;
                    return;
                }
                checkpoints++;
            }
            // In case the proposal is lost; once applied, it plans anew.
            lease.checkpointAtNanos = later(now, options.checkpointIntervalSeconds());
        }
    }

    /** Files the lease for the earlier of its expiry and its checkpoint. Lock held. */
    private static void file(ExpiryWheel wheel, Lease lease) {
        long expiry;
        do {
            expiry = lease.expiry();
            wheel.file(lease, ExpiryWheel.tickNotBefore(Math.min(expiry, lease.checkpointAtNanos)));
            // A renewal that brought the expiry forward meanwhile may have seen the old place and thought it early
            // enough.
        } while (lease.expiry() < expiry);
    }

    /** Plans the next checkpoint of a lease that has long to live. Lock held. */
    private void planCheckpoint(Lease lease, long now) {
        long interval = options.checkpointIntervalSeconds();
        lease.checkpointAtNanos = interval > 0 && lease.secondsToLive() > interval ? later(now, interval) : Lease.NEVER;
    }

    /** Takes every lease out of the wheel. Lock held. */
    private void unfile() {
        ExpiryWheel old = wheel;
        if (old != null) {
            leases.values().forEach(old::remove);
        }
    }

    private void settle(Long id) {
        List<Runnable> tasks = waiting.remove(id);
        if (tasks != null) {
            tasks.forEach(Runnable::run);
        }
    }

    private long elapsed(long nowNanos) {
        return Math.max(0, nowNanos - originNanos);
    }

    /** A time so many seconds later, or the end of time. */
    private static long later(long nanos, long seconds) {
        return saturatedAdd(nanos, seconds * SECOND);
    }

    private static long saturatedAdd(long a, long b) {
        long sum = a + b;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }

    private static List<ByteString> sorted(List<ByteString> keys) {
        if (keys.size() < 2) {
            return keys;
        }
        ByteString[] array = keys.toArray(new ByteString[0]);
        Arrays.sort(array, KeyRange.KEY_ORDER);
        return Arrays.asList(array);
    }

    /**
     * Delays that keep the order of expiries and let at most {@link #SPREAD_PER_SECOND} run out in any second. Leases are
     * told apart by their seconds to live alone, of which there are few kinds, so nothing is sorted by lease.
     */
    private static final class Spread {
        /** For each kind, in order, the nanoseconds from now at which its next lease may run out. */
        private final TreeMap<Long, long[]> nextByKind = new TreeMap<>();

        static Spread of(Iterable<Lease> leases) {
            Spread spread = new Spread();
            for (Lease lease : leases) {
                spread.nextByKind.computeIfAbsent(lease.secondsToLive(), kind -> new long[1])[0]++;
            }
            long free = 0;
            for (Map.Entry<Long, long[]> kind : spread.nextByKind.entrySet()) {
                long[] next = kind.getValue();
                long count = next[0];
                next[0] = Math.max(free, later(0, kind.getKey()));
                free = saturatedAdd(next[0], count * (SECOND / SPREAD_PER_SECOND));
            }
            return spread;
        }

        /** What the next lease of a kind has to wait beyond its seconds to live. */
        long delayNanos(long seconds) {
            long[] next = nextByKind.get(seconds);
            if (next == null) {
                throw new IllegalStateException("lease with " + seconds + " s to live appeared during a promotion");
            }
            long at = next[0];
            next[0] = saturatedAdd(at, SECOND / SPREAD_PER_SECOND);
            return at - later(0, seconds);
        }
    }
}
