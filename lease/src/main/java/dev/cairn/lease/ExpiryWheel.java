package dev.cairn.lease;

import org.jspecify.annotations.Nullable;

/**
 * Files leases by the tick at which they need a look, and hands them out when that tick has come. Confined to whoever holds
 * the lessor's lock.
 *
 * <h2>Shape</h2>
 *
 * <p>A hierarchical timing wheel (Varghese and Lauck, 1987): {@value #LEVELS} levels of {@value #SLOTS} slots, where a slot of
 * one level spans a whole turn of the level below. A lease lies at the level of the highest digit, base {@value #SLOTS}, in
 * which its tick differs from the wheel's, so that filing and removing cost the same for a second as for centuries.
 *
 * <h2>Coming up</h2>
 *
 * <p>A slot comes up when its first tick has come, which for the higher levels is before most of its leases are due. The
 * caller looks at each lease it gets and files it again if it {@link #isEarly} or was renewed: the descent from level to level
 * is one lease at a time, like everything else, so that the lock is never held long.
 *
 * <h2>Invariant</h2>
 *
 * <p>The wheel's tick is at most the first tick of every slot that is not empty; a slot that equals it is being drained.
 * Therefore the slots of one level never wrap around, and the earliest is the one with the lowest number.
 */
final class ExpiryWheel {
    /** How much later than asked a lease may come up: 2^28 ns are 268 ms. */
    static final int TICK_SHIFT = 28;

    private static final int SLOT_BITS = 6;
    private static final int SLOTS = 1 << SLOT_BITS;
    private static final int LEVELS = 6;

    static {
        // Every non-negative time has a slot.
        if (LEVELS * SLOT_BITS + TICK_SHIFT < Long.SIZE - 1) {
            throw new AssertionError("the wheel is too small");
        }
    }

    /** The heads of the slots' rings. A head is no lease; it is its own neighbour when the slot is empty. */
    private final Lease[] heads = new Lease[LEVELS * SLOTS];

    /** One bit for each slot of a level: set when it may hold something, clear when it is empty. */
    private final long[] occupied = new long[LEVELS];

    private long tick;

    ExpiryWheel(long nowNanos) {
        tick = nowNanos >>> TICK_SHIFT;
        for (int i = 0; i < heads.length; i++) {
            Lease head = new Lease(Lessor.NO_LEASE, 0, 0);
            head.next = head;
            head.previous = head;
            heads[i] = head;
        }
    }

    /** The first tick that is not before the time. */
    static long tickNotBefore(long nanos) {
        long floor = nanos >>> TICK_SHIFT;
        return floor << TICK_SHIFT == nanos ? floor : floor + 1;
    }

    /** Files a lease so that it comes up at the tick, or at once when that has passed, instead of where it was. */
    void file(Lease lease, long atTick) {
        remove(lease);
        long when = Math.max(atTick, tick);
        int level = (Long.SIZE - 1 - Long.numberOfLeadingZeros((tick ^ when) | (SLOTS - 1))) / SLOT_BITS;
        int slot = (int) (when >>> (level * SLOT_BITS)) & (SLOTS - 1);
        occupied[level] |= 1L << slot;
        Lease head = heads[level * SLOTS + slot];
        Lease last = linked(head.previous);
        lease.previous = last;
        lease.next = head;
        last.next = lease;
        head.previous = lease;
        lease.filedTick = when;
    }

    /** Takes the lease out; harmless when it is not in. */
    void remove(Lease lease) {
        Lease next = lease.next;
        if (next != null) {
            Lease previous = linked(lease.previous);
            previous.next = next;
            next.previous = previous;
            lease.next = null;
            lease.previous = null;
        }
    }

    /** Takes out a lease of the earliest slot that has come up; null when none has. The time never runs backwards. */
    @Nullable
    Lease poll(long nowNanos) {
        long now = nowNanos >>> TICK_SHIFT;
        for (; ; ) {
            int earliest = -1;
            long earliestTick = 0;
            // The higher levels first: a slot that is being drained goes before what was filed out of it.
            for (int level = LEVELS - 1; level >= 0; level--) {
                if (occupied[level] != 0) {
                    int slot = Long.numberOfTrailingZeros(occupied[level]);
                    int shift = level * SLOT_BITS;
                    long block = tick >>> (shift + SLOT_BITS) << (shift + SLOT_BITS);
                    long first = block | (long) slot << shift;
                    if (earliest < 0 || first < earliestTick) {
                        earliest = level * SLOTS + slot;
                        earliestTick = first;
                    }
                }
            }
            if (earliest < 0 || earliestTick > now) {
                tick = Math.max(tick, now);
                return null;
            }
            tick = Math.max(tick, earliestTick);
            Lease head = heads[earliest];
            Lease lease = linked(head.next);
            if (lease != head) {
                remove(lease);
                return lease;
            }
            occupied[earliest / SLOTS] &= ~(1L << earliest % SLOTS);
        }
    }

    /** Whether a lease that has just come up was filed for a tick that has not come. */
    static boolean isEarly(Lease lease, long nowNanos) {
        return lease.filedTick > nowNanos >>> TICK_SHIFT;
    }

    private static Lease linked(@Nullable Lease neighbour) {
        if (neighbour == null) {
            throw new IllegalStateException("broken ring in the expiry wheel");
        }
        return neighbour;
    }
}
