package dev.cairn.raft;

import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Snapshot;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/**
 * A log on a disk that forgets what was not synced: all of it, or everything after some write.
 *
 * <p>What a running node reads contains all writes; what a restarted one finds, those that survived.
 */
final class SimulatedDisk {
    private final Deque<Consumer<MemoryRaftStorage>> unsynced = new ArrayDeque<>();
    private final MemoryRaftStorage durable = new MemoryRaftStorage();
    private MemoryRaftStorage visible = new MemoryRaftStorage();

    MemoryRaftStorage visible() {
        return visible;
    }

    /** Writes, in the order in which a log has to be written: the commit index may not be ahead of the entries. */
    void write(Snapshot snapshot, List<Entry> entries, HardState hardState) {
        if (!snapshot.isEmpty()) {
            write(storage -> storage.applySnapshot(snapshot));
        }
        if (!entries.isEmpty()) {
            write(storage -> storage.append(entries));
        }
        if (!hardState.isEmpty()) {
            write(storage -> storage.setHardState(hardState));
        }
    }

    /** A snapshot of the node's own state machine; its file is synced by itself. */
    void createSnapshot(Snapshot snapshot, long compactTo) {
        Consumer<MemoryRaftStorage> write = storage -> {
            if (snapshot.metadata().index() <= storage.lastIndex()) {
                storage.createSnapshot(
                        snapshot.metadata().index(), snapshot.metadata().confState(), snapshot.data());
                storage.compact(Math.min(compactTo, storage.lastIndex()));
            }
        };
        write(write);
        sync();
    }

    private void write(Consumer<MemoryRaftStorage> write) {
        write.accept(visible);
        unsynced.add(write);
    }

    void sync() {
        while (!unsynced.isEmpty()) {
            unsynced.remove().accept(durable);
        }
    }

    int unsyncedWrites() {
        return unsynced.size();
    }

    /** Forgets all but the first few of the writes that were not synced. */
    void crash(int surviving) {
        for (int i = 0; i < surviving; i++) {
            unsynced.remove().accept(durable);
        }
        unsynced.clear();
        visible = new MemoryRaftStorage();
        Snapshot snapshot = durable.snapshot();
        visible.applySnapshot(snapshot);
        visible.setHardState(durable.initialState().hardState());
        try {
            long first = Math.max(durable.firstIndex(), snapshot.metadata().index() + 1);
            visible.append(durable.entries(first, durable.lastIndex() + 1, RaftConfig.NO_LIMIT));
        } catch (StorageException e) {
            throw new IllegalStateException(e);
        }
    }
}
