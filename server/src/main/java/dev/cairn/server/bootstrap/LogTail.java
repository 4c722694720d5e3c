package dev.cairn.server.bootstrap;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.AppliedState;
import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.wal.LogSink;
import java.util.ArrayDeque;
import java.util.List;

/**
 * The end of the log as the Raft core needs it: what the store does not hold yet, and of what it holds the newest entries, which
 * members that lag a little may ask for. Fed in the order of the log by one thread.
 */
final class LogTail implements LogSink {
    /** As much of what is applied already stays in memory while the member runs. */
    private static final long RETAINED_BYTES_MAX = 256L << 20;

    private final AppliedState applied;
    private final long retained;
    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private final SnapshotMetadata start;
    private SnapshotMetadata before;
    private long bytes;

    /**
     * @param start the place behind which the log is read
     * @param retained how many entries that are applied already are wanted
     */
    LogTail(SnapshotMetadata start, AppliedState applied, long retained) {
        this.start = start;
        this.before = start;
        this.applied = applied;
        this.retained = retained;
    }

    @Override
    public void entry(Entry entry) {
        while (!entries.isEmpty() && entries.getLast().index() >= entry.index()) {
            bytes -= size(entries.removeLast());
        }
        if (entry.index() <= before.index()) {
            // What went was not what came to be applied there, but what this one replaces.
            before = place(entry);
            return;
        }
        entries.addLast(entry);
        bytes += size(entry);
        while (isFirstDispensable()) {
            Entry gone = entries.removeFirst();
            bytes -= size(gone);
            before = place(gone);
        }
    }

    @Override
    public void restart() {
        entries.clear();
        bytes = 0;
        before = start;
    }

    private static SnapshotMetadata place(Entry entry) {
        return new SnapshotMetadata(ConfState.EMPTY, entry.index(), entry.term());
    }

    private boolean isFirstDispensable() {
        Entry first = entries.peekFirst();
        return first != null
                && first.index() <= applied.index()
                && (first.index() + retained <= applied.index() || bytes > RETAINED_BYTES_MAX);
    }

    /** The entries that the store does not hold. */
    List<Entry> behindStore() {
        return entries.stream().filter(entry -> entry.index() > applied.index()).toList();
    }

    /** How many entries the store does not hold. */
    long unapplied() {
        return entries.isEmpty() ? 0 : Math.max(0, entries.getLast().index() - applied.index());
    }

    /** A storage that holds this tail. @param members the membership at the applied index */
    MemoryRaftStorage storage(ConfState members) {
        MemoryRaftStorage storage = new MemoryRaftStorage();
        if (before.index() > 0) {
            storage.applySnapshot(
                    new Snapshot(ByteString.EMPTY, new SnapshotMetadata(members, before.index(), before.term())));
        }
        storage.append(List.copyOf(entries));
        if (applied.index() > before.index()) {
            // The membership belongs to the applied index, wherever the entries begin.
            storage.createSnapshot(applied.index(), members, ByteString.EMPTY);
        }
        return storage;
    }

    private static long size(Entry entry) {
        return Entry.payloadBytes(List.of(entry));
    }
}
