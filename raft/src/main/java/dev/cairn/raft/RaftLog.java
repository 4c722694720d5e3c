package dev.cairn.raft;

import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The log of a node: what storage has, continued by what it does not have yet, and the marks that move along it.
 *
 * <p>Confined to the machine. Always
 *
 * <pre>
 *     applied <= applying <= committed <= last
 * </pre>
 *
 * where {@code committed} is known to be on a quorum, {@code applying} has been handed to the state machine and {@code
 * applied} has been reported back by it. Only committed entries are handed out; whether they must also be in storage is
 * the caller's choice, because with asynchronous writes an entry may be applied before the own disk has it.
 */
final class RaftLog {
    /** How many bytes of entries are looked at in one piece when membership changes are searched. */
    private static final long SCAN_BYTES = 1 << 20;

    private final RaftStorage storage;
    private final Unstable unstable;
    private final Narrator narrator;

    private long committed;
    private long applying;
    private long applied;

    /** Encoded bytes handed out and not reported as applied, and the limit at which nothing more is handed out. */
    private long applyingBytes;

    private final long applyingBytesMax;
    private boolean applyingPaused;

    RaftLog(RaftStorage storage, long applyingBytesMax, Narrator narrator) {
        this.storage = storage;
        this.narrator = narrator;
        this.applyingBytesMax = applyingBytesMax;
        this.unstable = new Unstable(storage.lastIndex() + 1, narrator);
        this.committed = storage.firstIndex() - 1;
        this.applying = committed;
        this.applied = committed;
    }

    // Where things are.

    long committed() {
        return committed;
    }

    long applied() {
        return applied;
    }

    long firstIndex() {
        OptionalLong first = unstable.firstIndex();
        return first.isPresent() ? first.getAsLong() : storage.firstIndex();
    }

    long lastIndex() {
        OptionalLong last = unstable.lastIndex();
        return last.isPresent() ? last.getAsLong() : storage.lastIndex();
    }

    LogPosition last() {
        long index = lastIndex();
        try {
            return new LogPosition(term(index), index);
        } catch (StorageException e) {
            throw new IllegalStateException("no term for the last entry " + index + ": " + e.getMessage(), e);
        }
    }

    /**
     * The term at an index from just before the first entry to the last one.
     *
     * @throws StorageException outside that range
     */
    long term(long index) throws StorageException {
        OptionalLong held = unstable.term(index);
        if (held.isPresent()) {
            return held.getAsLong();
        }
        if (index + 1 < firstIndex()) {
            throw StorageException.compacted(index, firstIndex());
        }
        if (index > lastIndex()) {
            throw StorageException.unavailable(index, lastIndex());
        }
        return storage.term(index);
    }

    /** The term at an index, zero if the log has nothing there. */
    long termOrZero(long index) {
        try {
            return term(index);
        } catch (StorageException e) {
            return 0;
        }
    }

    /** Whether the log has an entry of this term at this index. The start of the log, term zero at index zero, matches. */
    boolean matches(long term, long index) {
        try {
            return term(index) == term;
        } catch (StorageException e) {
            return false;
        }
    }

    // Adding.

    /**
     * Takes entries of a leader, if they continue something that this log has.
     *
     * @param prevTerm the term of the entry before the first one
     * @param prevIndex the index of the entry before the first one
     * @return whether they were taken; the logs agree up to the last one now
     */
    boolean maybeAppend(long prevTerm, long prevIndex, List<Entry> entries, long leaderCommit) {
        if (!matches(prevTerm, prevIndex)) {
            return false;
        }
        int known = countKnown(entries);
        if (known < entries.size()) {
            if (entries.get(known).index() <= committed) {
                throw new IllegalStateException("entry " + entries.get(known).index()
                        + " conflicts with a committed entry [committed(" + committed + ")]");
            }
            append(entries.subList(known, entries.size()));
        }
        commitTo(Math.min(leaderCommit, prevIndex + entries.size()));
        return true;
    }

    /** How many entries from the front the log has already. Passing them over keeps an old message from truncating it. */
    private int countKnown(List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (!matches(entry.term(), entry.index())) {
                if (entry.index() <= lastIndex()) {
                    narrator.conflictFound(entry.index(), termOrZero(entry.index()), entry.term());
                }
                return i;
            }
        }
        return entries.size();
    }

    /** Adds entries, in place of what is there and follows. */
    void append(List<Entry> entries) {
        if (entries.isEmpty()) {
            return;
        }
        long first = entries.get(0).index();
        if (first <= committed || first > lastIndex() + 1) {
            throw new IllegalStateException(
                    "append at " + first + " outside of (" + committed + ", " + (lastIndex() + 1) + "]");
        }
        unstable.truncateAndAppend(entries);
    }

    /**
     * Guesses where another log agrees with this one: the last entry at or before an index whose term is not above a
     * term. Everything after it in the other log is of a higher term and cannot match.
     *
     * @return the place; its term is zero if the log does not reach that far back
     */
    LogPosition findConflictByTerm(long fromIndex, long maxTerm) {
        for (long index = fromIndex; index > 0; index--) {
            long term;
            try {
                term = term(index);
            } catch (StorageException e) {
                return new LogPosition(0, index);
            }
            if (term <= maxTerm) {
                return new LogPosition(term, index);
            }
        }
        return new LogPosition(0, 0);
    }

    // Committing and applying.

    void commitTo(long index) {
        if (index <= committed) {
            return;
        }
        if (index > lastIndex()) {
            throw new IllegalStateException("tocommit(" + index + ") is out of range [lastIndex(" + lastIndex()
                    + ")]. Was the raft log corrupted, truncated, or lost?");
        }
        committed = index;
    }

    /** Commits up to an index that a quorum has, if the entry there is of the leader's own term. */
    boolean maybeCommit(long term, long index) {
        if (term == 0 || index <= committed || !matches(term, index)) {
            return false;
        }
        commitTo(index);
        return true;
    }

    /** Starts with what a previous life had committed and applied; applied counts as committed. */
    void restart(long persistedCommit, long appliedBefore) {
        long known = Math.max(persistedCommit, appliedBefore);
        if (known > lastIndex()) {
            throw new IllegalStateException("persisted commit " + persistedCommit + " and applied " + appliedBefore
                    + " are out of range [" + committed + ", " + lastIndex() + "]");
        }
        commitTo(known);
        applied = Math.max(applied, appliedBefore);
        applying = applied;
    }

    /**
     * The entries for the state machine that come next.
     *
     * @param allowUnstable whether they may be handed out before storage has them
     */
    List<Entry> nextCommittedEntries(boolean allowUnstable) {
        if (!hasNextCommittedEntries(allowUnstable)) {
            return List.of();
        }
        try {
            return slice(applying + 1, maxAppliable(allowUnstable) + 1, applyingBytesMax - applyingBytes);
        } catch (StorageException e) {
            throw new IllegalStateException("committed entries cannot be read: " + e.getMessage(), e);
        }
    }

    boolean hasNextCommittedEntries(boolean allowUnstable) {
        // A snapshot comes first: the entries after it make no sense to a state machine that does not have it.
        return !applyingPaused && !hasSnapshot() && applying < maxAppliable(allowUnstable);
    }

    private long maxAppliable(boolean allowUnstable) {
        return allowUnstable ? committed : Math.min(committed, unstable.offset() - 1);
    }

    /** Notes that entries up to an index have been handed to the state machine. */
    void acceptApplying(long index, long bytes, boolean allowUnstable) {
        if (index > committed) {
            throw new IllegalStateException("applying(" + index + ") is out of range [prevApplying(" + applying
                    + "), committed(" + committed + ")]");
        }
        applying = index;
        applyingBytes += bytes;
        // Also pauses when the entries did not all fit, so that what is left goes out in bigger pieces.
        applyingPaused = applyingBytes >= applyingBytesMax || index < maxAppliable(allowUnstable);
    }

    /** Notes that the state machine has applied everything up to an index. */
    void appliedTo(long index, long bytes) {
        if (index > committed || index < applied) {
            throw new IllegalStateException("applied(" + index + ") is out of range [prevApplied(" + applied
                    + "), committed(" + committed + ")]");
        }
        applied = index;
        applying = Math.max(applying, applied);
        applyingBytes = Math.max(0, applyingBytes - bytes);
        applyingPaused = applyingBytes >= applyingBytesMax;
    }

    /** Whether a membership change is committed and not applied. */
    boolean hasUnappliedConfChange() {
        long low = applied + 1;
        try {
            while (low <= committed) {
                List<Entry> page = slice(low, committed + 1, SCAN_BYTES);
                for (Entry entry : page) {
                    if (entry.type() != EntryType.NORMAL) {
                        return true;
                    }
                }
                low += page.size();
            }
        } catch (StorageException e) {
            throw new IllegalStateException("unapplied entries cannot be read: " + e.getMessage(), e);
        }
        return false;
    }

    // Storage.

    List<Entry> nextUnstableEntries() {
        return unstable.nextEntries();
    }

    boolean hasNextUnstableEntries() {
        return unstable.hasNextEntries();
    }

    /** Whether there are entries that storage has not reported to have, handed out or not. */
    boolean hasUnstableEntries() {
        return unstable.hasEntries();
    }

    @Nullable
    Snapshot nextUnstableSnapshot() {
        return unstable.nextSnapshot();
    }

    /** Whether there is a snapshot that storage has not reported to have, handed out or not. */
    boolean hasSnapshot() {
        return unstable.snapshot() != null;
    }

    /** Notes that everything for storage has been handed out. */
    void acceptUnstable() {
        unstable.acceptInProgress();
    }

    void stableTo(long term, long index) {
        unstable.stableTo(term, index);
    }

    void stableSnapshotTo(long index) {
        unstable.stableSnapshotTo(index);
    }

    /** Replaces the whole log by a snapshot. */
    void restore(Snapshot snapshot) {
        narrator.startsRestore(this, snapshot.metadata());
        committed = snapshot.metadata().index();
        unstable.restore(snapshot);
    }

    // Reading.

    /** The newest snapshot there is. */
    Snapshot snapshot() throws StorageException {
        Snapshot held = unstable.snapshot();
        return held != null ? held : storage.snapshot();
    }

    /** Entries from an index on, as many as fit, one at least if there is any. */
    List<Entry> entriesFrom(long index, long bytesMax) throws StorageException {
        return index > lastIndex() ? List.of() : slice(index, lastIndex() + 1, bytesMax);
    }

    private List<Entry> slice(long low, long high, long bytesMax) throws StorageException {
        if (low > high || high > lastIndex() + 1) {
            throw new IllegalStateException(
                    "slice[" + low + "," + high + ") out of bound [" + firstIndex() + "," + lastIndex() + "]");
        }
        if (low < firstIndex()) {
            throw StorageException.compacted(low, firstIndex());
        }
        if (low == high) {
            return List.of();
        }
        if (low >= unstable.offset()) {
            return unstable.slice(low, high, bytesMax);
        }
        long cut = Math.min(high, unstable.offset());
        List<Entry> stable = storage.entries(low, cut, bytesMax);
        if (cut == high || stable.size() < cut - low) {
            return stable;
        }
        long left = bytesMax - Entry.encodedBytes(stable);
        if (left <= 0) {
            return stable;
        }
        List<Entry> rest = unstable.slice(cut, high, left);
        if (rest.size() == 1 && rest.get(0).encodedBytes() > left) {
            // The first one comes whatever its size, but here it is not the first.
            return stable;
        }
        List<Entry> all = new ArrayList<>(stable.size() + rest.size());
        all.addAll(stable);
        all.addAll(rest);
        return List.copyOf(all);
    }

    void checkInvariants() {
        if (applied > applying || applying > committed || committed > lastIndex()) {
            throw new IllegalStateException("log out of order: applied " + applied + ", applying " + applying
                    + ", committed " + committed + ", last " + lastIndex());
        }
        unstable.checkInvariants();
    }

    /** The marks, as etcd prints them. */
    @Override
    public String toString() {
        return "committed=" + committed + ", applied=" + applied + ", applying=" + applying + ", unstable.offset="
                + unstable.offset() + ", unstable.offsetInProgress=" + unstable.offsetInProgress()
                + ", len(unstable.Entries)=" + unstable.size();
    }
}
