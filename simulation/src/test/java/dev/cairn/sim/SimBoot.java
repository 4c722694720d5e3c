package dev.cairn.sim;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.AppliedState;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.raftpb.ConfChange;
import dev.cairn.proto.raftpb.ConfChangeType;
import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.bootstrap.SimulatedTail;
import dev.cairn.server.install.SimulatedStores;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.ConfStateFormat;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.MemberFormat;
import dev.cairn.sim.disk.SimBackend;
import dev.cairn.sim.disk.SimDisk;
import dev.cairn.wal.LogSink;
import dev.cairn.wal.SnapStore;
import dev.cairn.wal.WalContents;
import dev.cairn.wal.WalDirectory;
import dev.cairn.wal.WalException;
import dev.cairn.wal.WalListener;
import dev.cairn.wal.WalMetadata;
import dev.cairn.wal.WalOptions;
import dev.cairn.wal.WalReader;
import dev.cairn.wal.WalRepair;
import dev.cairn.wal.WalWriter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * How a simulated member comes to its log and its store: as {@code server.bootstrap} does it, for a directory that is a path of a
 * {@link SimDisk} and a store in memory.
 */
final class SimBoot {
    /** Small, so that segments end often. */
    private static final long SEGMENT_BYTES = 64 << 10;

    private static final long FOUNDING_TERM = 1;

    private SimBoot() {}

    /** What the loops start with. */
    record Result(
            WalWriter wal,
            HardState hardState,
            MemoryRaftStorage log,
            MvccStore store,
            long appliedIndex,
            long snapshotIndex) {}

    /** What outlives the process, apart from files. */
    static final class Memory {
        private MemoryBackend.Disk disk = new MemoryBackend.Disk();
    }

    static Path snapDirectory(SimDisk disk) {
        return disk.fileSystem().getPath("/snap");
    }

    static StoreOptions storeOptions(MemoryBackend.Disk memory, SimDisk disk) {
        return StoreOptions.of(SimBackend.on(memory, disk)).withCompaction(100, 1_000_000);
    }

    private static WalOptions walOptions() {
        // Without a helper: it would be another thread, and the log does without.
        return WalOptions.of(task -> {}, WalListener.NONE).withSegmentBytes(SEGMENT_BYTES);
    }

    /**
     * Founds, joins or restarts, whatever the disk says.
     *
     * @param retained how many applied entries of the log stay in memory
     */
    static Result run(
            Identity identity, List<Member> founders, Memory memory, SimDisk disk, long retained, PlantedBug bug)
            throws IOException {
        Path directory = disk.fileSystem().getPath("/wal");
        if (!Files.exists(snapDirectory(disk))) {
            Files.createDirectory(snapDirectory(disk));
            try (FileChannel root = FileChannel.open(disk.fileSystem().getPath("/"), StandardOpenOption.READ)) {
                root.force(true);
            }
        }
        SnapStore snapshots = new SnapStore(snapDirectory(disk));
        snapshots.removeTemporaries();
        if (WalDirectory.exists(directory)) {
            return restart(directory, identity, snapshots, memory, disk, retained, bug);
        }
        MvccStore store = MvccStore.open(storeOptions(memory.disk, disk));
        List<Entry> entries = foundingEntries(founders);
        HardState hardState = entries.isEmpty() ? HardState.EMPTY : new HardState(FOUNDING_TERM, 0, entries.size());
        WalWriter wal = WalWriter.create(
                directory,
                new WalMetadata(identity.memberId(), identity.clusterId()),
                entries,
                hardState,
                walOptions());
        MemoryRaftStorage log = new MemoryRaftStorage();
        log.append(entries);
        log.setHardState(hardState);
        return new Result(wal, hardState, log, store, 0, 0);
    }

    private static Result restart(
            Path directory,
            Identity identity,
            SnapStore snapshots,
            Memory memory,
            SimDisk disk,
            long retained,
            PlantedBug bug)
            throws IOException {
        List<SnapshotMetadata> recorded = WalReader.validSnapshots(directory);
        SnapshotMetadata start = recorded.isEmpty() ? SnapshotMetadata.EMPTY : recorded.get(recorded.size() - 1);
        MvccStore store = open(snapshots, start, memory, disk);
        List<Entry> entries = new ArrayList<>();
        LogSink sink = new LogSink() {
            @Override
            public void entry(Entry entry) {
                bug.replay(entries, entry);
            }

            @Override
            public void restart() {
                entries.clear();
            }
        };
        WalReader reader = WalReader.openForAppend(directory, start.index(), start.term());
        WalContents contents;
        try {
            contents = reader.read(sink);
        } catch (WalException.Torn e) {
            reader.close();
            WalRepair.repair(directory);
            entries.clear();
            reader = WalReader.openForAppend(directory, start.index(), start.term());
            contents = reader.read(sink);
        }
        AppliedState applied = store.appliedState();
        if (Math.max(start.index(), contents.lastIndex()) < applied.index()) {
            throw new AssertionError("the log ends at entry " + contents.lastIndex()
                    + ", but the store holds entries up to " + applied.index());
        }
        HardState found = contents.hardState();
        HardState hardState =
                bug.onRestart(new HardState(found.term(), found.vote(), Math.max(found.commit(), applied.index())));
        ConfState members = ConfStateFormat.confState(new Cluster(identity, store).view());
        MemoryRaftStorage log = SimulatedTail.of(start, applied, retained, entries, members);
        log.setHardState(hardState);
        long appliedIndex = bug.appliedAtStart(applied.index(), log);
        if (appliedIndex > applied.index()) {
            log.createSnapshot(appliedIndex, members, ByteString.EMPTY);
        }
        return new Result(WalWriter.resume(reader, walOptions()), hardState, log, store, appliedIndex, start.index());
    }

    /** The store; that of the last snapshot in the log, if the member died before it was exchanged. */
    private static MvccStore open(SnapStore snapshots, SnapshotMetadata start, Memory memory, SimDisk disk)
            throws IOException {
        MvccStore store = MvccStore.open(storeOptions(memory.disk, disk));
        if (store.appliedState().index() >= start.index()) {
            return store;
        }
        Path received = snapshots.databaseFile(start.index());
        if (!Files.exists(received)) {
            throw new AssertionError("the log begins behind entry " + start.index() + ", the store ends at "
                    + store.appliedState().index() + ", and there is no database of a snapshot");
        }
        MemoryBackend.Disk aside = new MemoryBackend.Disk();
        SimulatedStores.load(received, storeOptions(aside, disk));
        memory.disk = aside;
        return MvccStore.open(storeOptions(aside, disk));
    }

    private static List<Entry> foundingEntries(List<Member> founders) {
        List<Entry> entries = new ArrayList<>();
        for (Member member : founders) {
            ConfChange change = ConfChange.newBuilder()
                    .setType(ConfChangeType.ConfChangeAddNode)
                    .setNodeId(member.id())
                    .setContext(MemberFormat.encode(member))
                    .build();
            entries.add(new Entry(FOUNDING_TERM, entries.size() + 1L, EntryType.CONF_CHANGE, change.toByteString()));
        }
        return entries;
    }
}
