package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * The walk over all keys that attaches those which a store holds to their leases, and counts them. It goes in steps, between which entries are
 * applied, so that a member with many keys serves before it has looked at each of them.
 *
 * <p><b>Owner.</b> The apply loop, between two requests: no write is under way while a step is made. Whoever begins the walk before the loop runs
 * hands it over with the store.
 *
 * <p><b>States.</b> A walk is at a place, and every key is before it or behind it (the key at the place is behind); then it is over, and all keys are
 * before it. It never goes back. A walk that {@link MvccStore#replace} makes meaningless is forgotten, and another begins.
 *
 * <p><b>Invariants</b>, whenever no write is under way:
 *
 * <ul>
 *   <li>A key before the place hangs on exactly the lease that it names, if that lease exists, but see <i>Leases</i>.
 *   <li>A key behind it hangs on that lease or on none. It is attached when it was written since the walk began: writes attach and detach wherever
 *       they are. So a step may meet what is attached already, and a write may detach what is not attached yet; both are harmless.
 *   <li>The count is that of the live keys before the place: steps add what they find, writes what they bring to life ({@link #born}), and take away
 *       what they end ({@link #died}).
 * </ul>
 *
 * <p><b>The newest state.</b> A step opens a view of its own, which ends with it: no reader stays open for flushes, compactions and defragmentations
 * to wait for. It sees the newest version of each key, that of the overlay before that of {@code idx}. What happens to the tables in between moves
 * no key over the place, as a place is a key and no position in a table.
 *
 * <p><b>Leases.</b> Keys are attached to leases that were there when the walk began and still are. One that was granted meanwhile has only keys
 * that were written meanwhile, which are attached already. A key that names a lease which had been gone by then hangs on none, whoever may be granted
 * its number since: which keys hang on what does not depend on when a step is made. For the same reason whoever ends a lease
 * {@linkplain #finish finishes} the walk before he asks what hangs on it.
 *
 * <p><b>Failure.</b> At its end the count must be the number of live keys that the store knows of, which writes have moved likewise: else keys were lost or
 * have come from nowhere, and that is damage, like what the walk meets on its way. It is reported and thrown as anywhere on the apply loop, and the walk is
 * never over then.
 *
 * <p><b>Bounds.</b> A step looks at as many entries as {@link Steps} says, tombstones included. Beside the place nothing is kept.
 */
final class LeaseWalk {
    /**
     * How many entries are looked at in one go.
     *
     * @param first when the walk begins; a store with fewer knows no walk that is under way
     * @param further while entries are applied: well under a millisecond
     */
    record Steps(int first, int further) {
        static final Steps DEFAULT = new Steps(20_000, 1024);
    }

    private final StoreState state;
    private final LeaseAttachments leases;
    private final Steps steps;

    /** The least key that was not looked at; the empty one comes before all. */
    private ByteString place = ByteString.EMPTY;

    private long live;
    private boolean over;

    private LeaseWalk(StoreState state, LeaseAttachments leases, Steps steps) {
        this.state = state;
        this.leases = leases;
        this.steps = steps;
    }

    /** A walk before its first step. */
    static LeaseWalk begin(StoreState state, LeaseAttachments leases, Steps steps) {
        return new LeaseWalk(state, leases, steps);
    }

    /** No walk: there is nobody who knows leases. */
    static LeaseWalk none(StoreState state) {
        LeaseWalk walk = new LeaseWalk(state, LeaseAttachments.forgetful(lease -> false), Steps.DEFAULT);
        walk.over = true;
        return walk;
    }

    boolean isOver() {
        return over;
    }

    /** Whether what is known of a key is final: it lies before the place. */
    boolean isPast(ByteString key) {
        return over || KeyRange.KEY_ORDER.compare(key, place) < 0;
    }

    /**
     * Goes on by a step.
     *
     * @return whether there is more to do
     * @throws DamagedStoreException when the store does not hold what it must
     */
    boolean step() {
        if (over) {
            return false;
        }
        int entriesMax = place.isEmpty() ? steps.first() : steps.further();
        long found = live;
        try (ReadView view = state.open();
                KeyTable.Scan stored = ReadView.IDX.scan(view.txn(), place)) {
            Overlay.View overlay = view.overlay();
            ByteString changed = overlay.ceiling(place);
            for (int seen = 0; changed != null || !stored.atEnd(); seen++) {
                int order = order(changed, stored);
                if (seen == entriesMax) {
                    place = changed != null && order <= 0 ? changed : stored.key();
                    live = found;
                    return true;
                }
                if (changed != null && order <= 0) {
                    Version newest = view.newestInOverlay(changed);
                    if (newest != null && !newest.tombstone()) {
                        found++;
                        attach(newest);
                    }
                    changed = overlay.higher(changed);
                } else if (!KeyState.isTombstone(stored.value())) {
                    found++;
                    attach(stored);
                }
                if (order >= 0) {
                    stored.next();
                }
            }
        }
        if (found != state.keys()) {
            throw state.damaged("table " + Layout.IDX.name() + " holds " + found + " keys, expected " + state.keys());
        }
        over = true;
        leases.attachedAll();
        return false;
    }

    /** Which comes first of the next key in the overlay and the next one that is stored; not both are missing. */
    private static int order(@Nullable ByteString changed, KeyTable.Scan stored) {
        if (changed == null) {
            return 1;
        }
        return stored.atEnd() ? -1 : -stored.compareTo(changed.asReadOnlyByteBuffer());
    }

    private void attach(KeyTable.Scan stored) {
        long lease = KeyState.leaseAt(stored.value());
        // The key is copied only for those who take it.
        if (lease != 0 && leases.wasRestored(lease)) {
            leases.attach(lease, stored.key());
        }
    }

    private void attach(Version changed) {
        long lease = changed.state().lease();
        if (lease != 0 && leases.wasRestored(lease)) {
            leases.attach(lease, changed.key());
        }
    }

    /** Goes on to the end, in steps: also what has to be done at once keeps no reader open. */
    void finish() {
        boolean more = !over;
        while (more) {
            more = step();
        }
    }

    /** A key that did not live does now. */
    void born(ByteString key) {
        if (!over && isPast(key)) {
            live++;
        }
    }

    /** A key that lived does no longer. */
    void died(ByteString key) {
        if (!over && isPast(key)) {
            live--;
        }
    }
}
