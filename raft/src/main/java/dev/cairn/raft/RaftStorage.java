package dev.cairn.raft;

import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Snapshot;
import java.util.List;

/**
 * The port through which a node reads the part of its log that has been made durable.
 *
 * <p>The node only reads. Whoever handles its {@code Ready} writes: entries and snapshots must be visible here before
 * the node is told that they are durable, by {@link RaftNode#advance} or by delivering the responses of the append
 * message, and they must become visible in the order in which the node produced them.
 *
 * <p>Called on the thread that drives the node. Nothing here may block for long; a damaged or unreadable log is not an
 * outcome of this port but an error that stops the process, thrown as an unchecked exception.
 */
public interface RaftStorage {
    /** What a node starts from. */
    record InitialState(HardState hardState, ConfState confState) {}

    /**
     * The persisted hard state, and the membership at the place up to which the state machine has applied.
     *
     * <p>The commit index may be behind that place, because it is written without a sync and, in asynchronous mode, not in
     * step with the state machine: what has been applied, or is part of a snapshot, counts as committed anyway. It may not
     * be beyond {@code lastIndex}.
     */
    InitialState initialState();

    /**
     * Entries from {@code low} to before {@code high}, as many from the front as fit in {@code bytesMax}, counted by
     * {@link Entry#encodedBytes}; the first one is returned whatever its size. The list is immutable.
     *
     * @throws StorageException if {@code low} is compacted
     */
    List<Entry> entries(long low, long high, long bytesMax) throws StorageException;

    /**
     * The term of the entry at an index from {@code firstIndex - 1} to {@code lastIndex}; the term just before the
     * first entry is kept because followers ask whether they agree there.
     *
     * @throws StorageException if the index is outside that range
     */
    long term(long index) throws StorageException;

    /** The lowest index that {@link #entries} can return; one after the snapshot if the log is empty. */
    long firstIndex();

    /** The highest index in the log, or the index of the snapshot if there is nothing after it. */
    long lastIndex();

    /**
     * The newest snapshot, for a follower that lags behind {@link #firstIndex}.
     *
     * @throws StorageException if it cannot be had now; the node asks again at a later heartbeat
     */
    Snapshot snapshot() throws StorageException;
}
