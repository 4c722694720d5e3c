package dev.cairn.lease;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * One lease: its terms, when it runs out, its place in the wheel and the keys that hang on it. There may be millions, so it
 * is kept small.
 *
 * <p>Each field says who writes it. Any thread may read the volatile ones. Times are nanoseconds since the lessor was made.
 */
final class Lease {
    /** No checkpoint is planned. */
    static final long NEVER = Long.MAX_VALUE;

    private static final AtomicLongFieldUpdater<Lease> EXPIRY =
            AtomicLongFieldUpdater.newUpdater(Lease.class, "expiryNanos");

    final long id;
    final long ttlSeconds;

    /** What the last checkpoint said, 0 for none. Written by the apply loop. */
    volatile long checkpointSeconds;

    /**
     * When the lease runs out; meaningless unless the member is primary. The complement of that time once it has been found
     * expired: then only a new role may change it. Written by renewals, the expiry duty and changes of role, by
     * compare-and-set wherever two of them can meet.
     */
    private volatile long expiryNanos;

    /** When a checkpoint is due. Guarded by the lessor's lock. */
    long checkpointAtNanos = NEVER;

    /** The tick for which the wheel holds the lease. Written under the lessor's lock. */
    volatile long filedTick;

    /** Neighbours in the wheel's slot, null when in none. Guarded by the lessor's lock. */
    @Nullable
    Lease next;

    @Nullable
    Lease previous;

    /**
     * The attached keys: null, the only key, or a concurrent set of several. Most leases hold one key, for which a set would
     * cost more than the lease. Written by the apply loop alone.
     */
    private volatile @Nullable Object keys;

    Lease(long id, long ttlSeconds, long checkpointSeconds) {
        this.id = id;
        this.ttlSeconds = ttlSeconds;
        this.checkpointSeconds = checkpointSeconds;
    }

    /** The seconds that a new primary has to give the lease. */
    long secondsToLive() {
        long checkpoint = checkpointSeconds;
        return checkpoint > 0 ? checkpoint : ttlSeconds;
    }

    /** When the lease runs out or ran out. */
    long expiry() {
        long expiry = expiryNanos;
        return expiry < 0 ? ~expiry : expiry;
    }

    boolean isExpired(long nowNanos) {
        // Complements are negative, so they are expired at any time.
        return expiryNanos <= nowNanos;
    }

    /** Sets the expiry as a new role or a grant wants it, also that of an expired lease. */
    void setExpiry(long nanos) {
        expiryNanos = nanos;
    }

    /** Moves the expiry; false when the lease has expired. */
    boolean renew(long nowNanos, long newExpiryNanos) {
        for (; ; ) {
            long expiry = expiryNanos;
            if (expiry <= nowNanos) {
                return false;
            }
            if (EXPIRY.compareAndSet(this, expiry, newExpiryNanos)) {
                return true;
            }
        }
    }

    /** Marks the lease as found expired, so that no renewal can succeed any more; false when it has not expired. */
    boolean expire(long nowNanos) {
        for (; ; ) {
            long expiry = expiryNanos;
            if (expiry > nowNanos) {
                return false;
            }
            if (expiry < 0 || EXPIRY.compareAndSet(this, expiry, ~expiry)) {
                return true;
            }
        }
    }

    void attach(ByteString key) {
        Object held = keys;
        if (held == null) {
            keys = key;
        } else if (held instanceof ByteString only) {
            if (!only.equals(key)) {
                Set<ByteString> several = ConcurrentHashMap.newKeySet(2);
                several.add(only);
                several.add(key);
                keys = several;
            }
        } else {
            set(held).add(key);
        }
    }

    void detach(ByteString key) {
        Object held = keys;
        if (held instanceof ByteString only) {
            if (only.equals(key)) {
                keys = null;
            }
        } else if (held != null) {
            Set<ByteString> several = set(held);
            several.remove(key);
            if (several.isEmpty()) {
                keys = null;
            }
        }
    }

    /** A copy of the attached keys in no order. */
    List<ByteString> keys() {
        Object held = keys;
        if (held == null) {
            return Collections.emptyList();
        }
        return held instanceof ByteString only ? List.of(only) : new ArrayList<>(set(held));
    }

    @SuppressWarnings("unchecked") // attach() stores nothing else.
    private static Set<ByteString> set(Object held) {
        return (Set<ByteString>) held;
    }
}
