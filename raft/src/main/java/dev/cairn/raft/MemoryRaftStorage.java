package dev.cairn.raft;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The part of the log that is kept in memory: what the server reads from, while its files only are written.
 *
 * <p>Confined to the thread that drives the node. It does not bound itself: its owner compacts it, guided by {@link
 * #bytes}, because only the owner knows which followers still need the entries.
 *
 * <p>Holds the newest snapshot and a run of entries that starts at or before the one after it.
 */
public final class MemoryRaftStorage implements RaftStorage {
    private HardState hardState = HardState.EMPTY;
    private Snapshot snapshot = Snapshot.EMPTY;
    private final EntryBuffer entries = new EntryBuffer(1);

    /** The term of the entry just before the first. */
    private long termBefore;

    @Override
    public InitialState initialState() {
        return new InitialState(hardState, snapshot.metadata().confState());
    }

    /** Replaces the hard state. */
    public void setHardState(HardState state) {
        hardState = state;
    }

    @Override
    public List<Entry> entries(long low, long high, long bytesMax) throws StorageException {
        if (low < entries.firstIndex()) {
            throw StorageException.compacted(low, entries.firstIndex());
        }
        if (high > lastIndex() + 1) {
            throw StorageException.unavailable(high - 1, lastIndex());
        }
        return entries.slice(low, high, bytesMax);
    }

    @Override
    public long term(long index) throws StorageException {
        if (index == entries.firstIndex() - 1) {
            return termBefore;
        }
        if (index < entries.firstIndex()) {
            throw StorageException.compacted(index, entries.firstIndex());
        }
        if (index > lastIndex()) {
            throw StorageException.unavailable(index, lastIndex());
        }
        return entries.get(index).term();
    }

    @Override
    public long firstIndex() {
        return entries.firstIndex();
    }

    @Override
    public long lastIndex() {
        return entries.lastIndex();
    }

    @Override
    public Snapshot snapshot() {
        return snapshot;
    }

    /** The encoded size of the entries held, without the snapshot. */
    public long bytes() {
        return entries.bytes();
    }

    /**
     * Appends entries with consecutive indexes. Those that are compacted already are passed over; those that exist are
     * overwritten, and what followed them is dropped.
     *
     * @throws IllegalStateException if they would leave a gap
     */
    public void append(List<Entry> more) {
        if (more.isEmpty()) {
            return;
        }
        long first = more.get(0).index();
        if (first > lastIndex() + 1) {
            throw new IllegalStateException("missing log entry [last: " + lastIndex() + ", append at: " + first + "]");
        }
        long skip = Math.max(0, entries.firstIndex() - first);
        if (skip >= more.size()) {
            return;
        }
        entries.truncateFrom(first + skip);
        entries.append(more.subList((int) skip, more.size()));
    }

    /**
     * Replaces everything by a snapshot that came from the leader.
     *
     * @return whether it was taken: not if the snapshot held is as new
     */
    public boolean applySnapshot(Snapshot newer) {
        if (newer.metadata().index() <= snapshot.metadata().index()) {
            return false;
        }
        snapshot = newer;
        termBefore = newer.metadata().term();
        entries.reset(newer.metadata().index() + 1);
        return true;
    }

    /**
     * Makes a snapshot at an index of the log, and keeps the entries.
     *
     * @param confState the membership at that index; null: the one of the previous snapshot
     * @return the snapshot held now: the old one if it is as new
     * @throws IllegalStateException if the index is beyond the log or already compacted
     */
    public Snapshot createSnapshot(long index, @Nullable ConfState confState, ByteString data) {
        if (index <= snapshot.metadata().index()) {
            return snapshot;
        }
        long term;
        try {
            term = term(index);
        } catch (StorageException e) {
            throw new IllegalStateException("snapshot at index " + index + ": " + e.getMessage(), e);
        }
        ConfState members = confState == null ? snapshot.metadata().confState() : confState;
        snapshot = new Snapshot(data, new SnapshotMetadata(members, index, term));
        return snapshot;
    }

    /**
     * Drops all entries up to an index, which must not be beyond what has been applied.
     *
     * @return whether there was anything to drop
     * @throws IllegalStateException if the index is beyond the log
     */
    public boolean compact(long index) {
        if (index < entries.firstIndex()) {
            return false;
        }
        if (index > lastIndex()) {
            throw new IllegalStateException("compact to " + index + " beyond the last index " + lastIndex());
        }
        termBefore = entries.get(index).term();
        entries.dropBefore(index + 1);
        return true;
    }
}
