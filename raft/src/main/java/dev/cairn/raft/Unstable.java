package dev.cairn.raft;

import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.Snapshot;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The end of the log that storage does not have for certain yet: entries, and before them perhaps a snapshot.
 *
 * <p>Confined to the log. The entries start at {@code offset}; storage is read below it and never above. Two marks move
 * over them:
 *
 * <pre>
 *     offset       offsetInProgress      last + 1
 *       | handed out,  | to be handed       |
 *       | being written| out next           |
 * </pre>
 *
 * <p>Always {@code offset <= offsetInProgress <= last + 1}. An entry leaves at the front only once storage has it and no
 * write in progress can still replace it there; see {@link #stableTo}.
 */
final class Unstable {
    private final Narrator narrator;
    private final EntryBuffer entries;
    private long offsetInProgress;
    private @Nullable Snapshot snapshot;
    private boolean snapshotInProgress;

    Unstable(long offset, Narrator narrator) {
        this.narrator = narrator;
        this.entries = new EntryBuffer(offset);
        this.offsetInProgress = offset;
    }

    long offset() {
        return entries.firstIndex();
    }

    long offsetInProgress() {
        return offsetInProgress;
    }

    int size() {
        return entries.size();
    }

    @Nullable
    Snapshot snapshot() {
        return snapshot;
    }

    /** The first index of the whole log, if it is decided here: right after the snapshot. */
    OptionalLong firstIndex() {
        Snapshot held = snapshot;
        return held == null
                ? OptionalLong.empty()
                : OptionalLong.of(held.metadata().index() + 1);
    }

    /** The last index of the whole log, if it is decided here. */
    OptionalLong lastIndex() {
        if (!entries.isEmpty()) {
            return OptionalLong.of(entries.lastIndex());
        }
        Snapshot held = snapshot;
        return held == null
                ? OptionalLong.empty()
                : OptionalLong.of(held.metadata().index());
    }

    /** The term at an index, if it is known here. */
    OptionalLong term(long index) {
        if (index < offset()) {
            Snapshot held = snapshot;
            return held != null && held.metadata().index() == index
                    ? OptionalLong.of(held.metadata().term())
                    : OptionalLong.empty();
        }
        return index > entries.lastIndex()
                ? OptionalLong.empty()
                : OptionalLong.of(entries.get(index).term());
    }

    /** Entries that have not been handed out to be written. */
    List<Entry> nextEntries() {
        return entries.slice(offsetInProgress, entries.lastIndex() + 1);
    }

    boolean hasNextEntries() {
        return offsetInProgress <= entries.lastIndex();
    }

    /** The snapshot, if it has not been handed out to be written. */
    @Nullable
    Snapshot nextSnapshot() {
        return snapshotInProgress ? null : snapshot;
    }

    /** Whether there are entries here, handed out or not. */
    boolean hasEntries() {
        return !entries.isEmpty();
    }

    /** Notes that everything here has been handed out. */
    void acceptInProgress() {
        if (!entries.isEmpty()) {
            offsetInProgress = entries.lastIndex() + 1;
        }
        if (snapshot != null) {
            snapshotInProgress = true;
        }
    }

    /**
     * Lets go of entries that storage reports to have.
     *
     * <p>Only if the entry at that index is the one that was written: an entry may have been replaced here while the
     * write of its predecessor was under way, and a later write will put the new one into storage. And only for a report
     * of the present term, which the caller makes sure of: an entry may be replaced twice, back to the same term and
     * index, and then the report of the first write looks like that of the third, while the second one can still make
     * storage return the wrong entry (an ABA problem). Writes of the same leader never replace each other.
     */
    void stableTo(long term, long index) {
        OptionalLong held = term(index);
        if (held.isEmpty()) {
            narrator.stableEntryMissing(index);
            return;
        }
        if (index < offset()) {
            narrator.stableEntryIsSnapshot(index);
            return;
        }
        if (held.getAsLong() != term) {
            narrator.stableEntryReplaced(index, term, held.getAsLong());
            return;
        }
        entries.dropBefore(index + 1);
        offsetInProgress = Math.max(offsetInProgress, index + 1);
    }

    /** Lets go of the snapshot that storage reports to have. */
    void stableSnapshotTo(long index) {
        Snapshot held = snapshot;
        if (held != null && held.metadata().index() == index) {
            snapshot = null;
            snapshotInProgress = false;
        }
    }

    /** Replaces everything by a snapshot. */
    void restore(Snapshot newer) {
        entries.reset(newer.metadata().index() + 1);
        offsetInProgress = entries.firstIndex();
        snapshot = newer;
        snapshotInProgress = false;
    }

    /** Puts entries at their indexes, in place of what is there and follows. */
    void truncateAndAppend(List<Entry> more) {
        long from = more.get(0).index();
        if (from <= entries.lastIndex()) {
            if (from <= offset()) {
                narrator.replacesUnstable(from);
                entries.reset(from);
            } else {
                narrator.truncatesUnstable(from);
                entries.truncateFrom(from);
            }
            offsetInProgress = Math.min(offsetInProgress, from);
        }
        entries.append(more);
    }

    List<Entry> slice(long low, long high) {
        return entries.slice(low, high);
    }

    List<Entry> slice(long low, long high, long bytesMax) {
        return entries.slice(low, high, bytesMax);
    }

    void checkInvariants() {
        if (offset() > offsetInProgress || offsetInProgress > entries.lastIndex() + 1) {
            throw new IllegalStateException("unstable entries [" + offset() + ", " + entries.lastIndex()
                    + "], in progress before " + offsetInProgress);
        }
        Snapshot held = snapshot;
        if (held != null && held.metadata().index() >= offset()) {
            throw new IllegalStateException(
                    "unstable snapshot at " + held.metadata().index() + " not before offset " + offset());
        }
    }
}
