package dev.cairn.server.bootstrap;

import dev.cairn.mvcc.AppliedState;
import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.SnapshotMetadata;
import java.util.List;

/** What the server keeps in memory of the log that it finds, for a simulation. */
public final class SimulatedTail {
    private SimulatedTail() {}

    /**
     * @param start the place behind which the log was read
     * @param retained how many entries that are applied already are wanted
     * @param members the membership at the applied index
     */
    public static MemoryRaftStorage of(
            SnapshotMetadata start, AppliedState applied, long retained, List<Entry> entries, ConfState members) {
        LogTail tail = new LogTail(start, applied, retained);
        entries.forEach(tail::entry);
        return tail.storage(members);
    }
}
