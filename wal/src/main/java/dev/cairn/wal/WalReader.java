package dev.cairn.wal;

import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.SnapshotMetadata;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a log from a snapshot record to its end, once.
 *
 * <p>Confined to one thread. A reader for appending locks the segments from the snapshot on, insists on a whole log, and is
 * then handed to {@link WalWriter#resume}, which takes the segments over. A reader for looking locks nothing, changes nothing and takes a
 * torn tail for the end. In a process that writes a log nothing else may read it (see {@link SegmentFile}).
 *
 * <p>Entries are handed out one by one as they are read, so the log may be larger than the heap. What a deposed leader appended and
 * another one replaced is handed out too: {@link LogSink} says what becomes of it. If reading fails, what was handed out means nothing.
 *
 * <p>Entries up to the place that the log is read from are not handed out, but they count: one that replaced another there replaced everything
 * behind it as well. So does a snapshot that a leader sent, which the log could not reach by itself. Its record looks like that of a snapshot which the
 * member made of its own entries; the entry at its place, or rather its absence, tells them apart. (etcd's reader looks at neither, and finds
 * entries again that had been replaced.)
 *
 * <p>What is checked beside checksums and encoding: segments start with checksum and metadata, all metadata is equal, indexes have
 * no gap, a hard state is not older than the entries before it, and nothing is committed that is not there. All of these hold in any
 * log that Raft wrote.
 */
public final class WalReader implements AutoCloseable {
    /** Stands for a term that is not known and therefore not compared. */
    private static final long ANY_TERM = -1;

    /** No entry has this term. */
    private static final long NO_ENTRY = -1;

    private static final LogSink NOTHING = new LogSink() {
        @Override
        public void entry(Entry entry) {}

        @Override
        public void restart() {}
    };

    private final Path directory;
    private final List<WalSegmentName> names;
    private final long fromIndex;
    private final long fromTerm;

    /** The open segments of a log that is to be appended to; empty otherwise. */
    private final Deque<Held> held;

    private final ChainedCrc crc = new ChainedCrc();
    private @Nullable WalMetadata metadata;
    private HardState hardState = HardState.EMPTY;
    private final List<SnapshotMetadata> snapshots = new ArrayList<>();
    private boolean snapshotFound;
    /** The term of the entry at {@link #fromIndex}, where the log as read so far has one or stands for one by a snapshot. */
    private long termAtStart = NO_ENTRY;

    private long lastIndex;
    private long lastTerm;
    private long entryTermMax;
    private long end;
    private @Nullable WalContents contents;

    /** A segment and its name. */
    record Held(WalSegmentName name, SegmentFile segment) {}

    private WalReader(Path directory, List<WalSegmentName> names, long fromIndex, long fromTerm, Deque<Held> held) {
        this.directory = directory;
        this.names = names;
        this.fromIndex = fromIndex;
        this.fromTerm = fromTerm;
        this.held = held;
        this.lastIndex = fromIndex;
    }

    /**
     * Opens a log to read what follows a snapshot, without locking it.
     *
     * @param index the snapshot's index; zero is the start of the log
     */
    public static WalReader open(Path directory, long index, long term) throws IOException {
        return new WalReader(directory, WalDirectory.segmentsFrom(directory, index), index, term, new ArrayDeque<>());
    }

    /** As {@link #open}, and locks the log so that it can be appended to once it is read. */
    public static WalReader openForAppend(Path directory, long index, long term) throws IOException {
        return openForAppend(directory, index, term, WalFiles.REAL);
    }

    static WalReader openForAppend(Path directory, long index, long term, WalFiles files) throws IOException {
        List<WalSegmentName> names = WalDirectory.segmentsFrom(directory, index);
        WalReader reader = new WalReader(directory, names, index, term, new ArrayDeque<>());
        try {
            for (WalSegmentName name : names) {
                reader.held.add(new Held(name, SegmentFile.open(files, directory.resolve(name.fileName()))));
            }
            return reader;
        } catch (IOException | RuntimeException e) {
            reader.close();
            throw e;
        }
    }

    /**
     * The snapshot records that a member may start from, oldest first: those not beyond what the log knows to be committed.
     * Snapshot files are written before the record, so a file without one here must not be used.
     */
    public static List<SnapshotMetadata> validSnapshots(Path directory) throws IOException {
        return validSnapshots(directory, existing(directory).get(0));
    }

    /**
     * The newest of the {@linkplain #validSnapshots valid snapshot records}; empty when there is none. Reads the log backwards only as far as it must: what lies
     * before is of no use to a start, and is neither read nor checked.
     */
    public static Optional<SnapshotMetadata> newestSnapshot(Path directory) throws IOException {
        List<WalSegmentName> names = existing(directory);
        List<SnapshotMetadata> found = List.of();
        int read = 0;
        while (found.isEmpty() && read < names.size()) {
            // Twice as much each time: a long log without a record is then read twice, and not once for each segment.
            read = Math.min(Math.max(1, 2 * read), names.size());
            found = validSnapshots(directory, names.get(names.size() - read));
        }
        return found.isEmpty() ? Optional.empty() : Optional.of(found.get(found.size() - 1));
    }

    private static List<WalSegmentName> existing(Path directory) throws IOException {
        List<WalSegmentName> names = WalDirectory.segments(directory);
        if (names.isEmpty()) {
            throw new WalException.NotFound("there is no log in " + directory);
        }
        return names;
    }

    private static List<SnapshotMetadata> validSnapshots(Path directory, WalSegmentName from) throws IOException {
        long first = from.firstIndex();
        List<WalSegmentName> names = WalDirectory.segmentsFrom(directory, first);
        // The entries before the first segment are not there, as if they were in a snapshot.
        WalReader reader = new WalReader(directory, names, Math.max(0, first - 1), ANY_TERM, new ArrayDeque<>());
        reader.scan(NOTHING);
        return reader.snapshots.stream()
                .filter(snapshot -> snapshot.index() <= reader.hardState.commit())
                .toList();
    }

    /**
     * Reads the log.
     *
     * @throws WalException.Torn only for appending: call {@link WalRepair#repair} once and start again with a new reader
     */
    public WalContents read(LogSink log) throws IOException {
        if (contents != null) {
            throw new IllegalStateException("the log was read already");
        }
        boolean torn = scan(log);
        if (!snapshotFound) {
            throw new WalException.SnapshotNotFound(directory, fromIndex, fromTerm);
        }
        if (hardState.commit() > lastIndex) {
            throw new WalException.Damaged(
                    lastFile(),
                    end,
                    "the log ends at index " + lastIndex + " but index " + hardState.commit() + " was committed");
        }
        contents = new WalContents(Objects.requireNonNull(metadata), knownState(), lastIndex, torn);
        return contents;
    }

    /**
     * What the member knew. A crash may have left the entries of a batch without the hard state behind them: whoever has an entry of a term has been in
     * that term, and has voted for nobody there, as a vote is written before it is given and so before any entry. Without this the member went back to an
     * earlier term, wrote a hard state of it, and its log contradicted itself.
     */
    private HardState knownState() {
        return entryTermMax > hardState.term() ? new HardState(entryTermMax, 0, hardState.commit()) : hardState;
    }

    /** What was read. */
    WalContents contents() {
        if (contents == null) {
            throw new IllegalStateException("the log was not read");
        }
        return contents;
    }

    Path directory() {
        return directory;
    }

    /** The running checksum at the end of the log. */
    ChainedCrc crc() {
        return crc;
    }

    /** Where in the last segment the log ends. */
    long end() {
        return end;
    }

    /** Hands over the locked segments. */
    Deque<Held> takeSegments() {
        Deque<Held> taken = new ArrayDeque<>(held);
        held.clear();
        return taken;
    }

    @Override
    public void close() throws IOException {
        while (!held.isEmpty()) {
            held.remove().segment().close();
        }
    }

    /** Reads all segments; true if the last one is torn and that may be overlooked. */
    private boolean scan(LogSink log) throws IOException {
        if (!held.isEmpty()) {
            for (Held each : held) {
                scan(each.segment().file(), each.segment().channel(), each.name(), log);
            }
            return false;
        }
        for (WalSegmentName name : names) {
            Path file = directory.resolve(name.fileName());
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                scan(file, channel, name, log);
            } catch (WalException.Torn e) {
                end = e.offset();
                return true;
            }
        }
        return false;
    }

    private void scan(Path file, FileChannel channel, WalSegmentName name, LogSink log) throws IOException {
        boolean first = name.equals(names.get(0));
        boolean last = name.equals(names.get(names.size() - 1));
        SegmentScan scan = new SegmentScan(file, channel, crc, first, last);
        for (int record = 0; scan.next(); record++) {
            if (record == 1 && scan.type() != WalFormat.TYPE_METADATA) {
                throw scan.damaged("the segment does not name its member and cluster");
            }
            switch (scan.type()) {
                case WalFormat.TYPE_CRC -> {}
                case WalFormat.TYPE_METADATA -> metadata(scan, file);
                case WalFormat.TYPE_ENTRY -> entry(scan, log);
                case WalFormat.TYPE_STATE -> state(scan);
                case WalFormat.TYPE_SNAPSHOT -> snapshot(scan, file, log);
                default -> throw scan.damaged("record type " + scan.type() + " is unknown");
            }
        }
        end = scan.offset();
    }

    private void metadata(SegmentScan scan, Path file) throws WalException {
        WalMetadata found = checked(WalRecordDecoder.metadata(scan.data()), scan, "metadata");
        if (metadata != null && !metadata.equals(found)) {
            throw new WalException.MetadataConflict(file, metadata, found);
        }
        metadata = found;
    }

    private void entry(SegmentScan scan, LogSink log) throws WalException {
        Entry entry = checked(WalRecordDecoder.entry(scan.data(), log != NOTHING), scan, "entry");
        entryTermMax = Math.max(entryTermMax, entry.term());
        if (entry.index() <= fromIndex) {
            termAtStart = entry.index() == fromIndex ? entry.term() : NO_ENTRY;
            restart(log);
            return;
        }
        if (entry.index() > lastIndex + 1) {
            throw scan.damaged("entry " + entry.index() + " follows entry " + lastIndex);
        }
        if (entry.index() == lastIndex + 1 && entry.term() < lastTerm) {
            throw scan.damaged("entry " + entry.index() + " of term " + entry.term() + " follows one of " + lastTerm);
        }
        lastIndex = entry.index();
        lastTerm = entry.term();
        log.entry(entry);
    }

    /** The log as read so far ends where it is read from, or before. */
    private void restart(LogSink log) {
        if (lastIndex > fromIndex) {
            lastIndex = fromIndex;
            lastTerm = 0;
            log.restart();
        }
    }

    private void state(SegmentScan scan) throws WalException {
        HardState state = checked(WalRecordDecoder.state(scan.data()), scan, "hard state");
        if (state.term() < Math.max(hardState.term(), entryTermMax)) {
            throw scan.damaged("the hard state goes back to term " + state.term());
        }
        hardState = state;
    }

    private void snapshot(SegmentScan scan, Path file, LogSink log) throws WalException {
        SnapshotMetadata snapshot = checked(WalRecordDecoder.snapshot(scan.data()), scan, "snapshot");
        snapshots.add(snapshot);
        if (fromTerm == ANY_TERM) {
            // One that came from a leader leaves out the entries up to it. Whoever reads entries begins at the newest
            // such record.
            lastIndex = Math.max(lastIndex, snapshot.index());
        }
        if (snapshot.index() == fromIndex) {
            if (fromTerm != ANY_TERM && snapshot.term() != fromTerm) {
                throw new WalException.SnapshotMismatch(file, fromIndex, fromTerm, snapshot.term());
            }
            if (fromTerm != ANY_TERM && termAtStart != snapshot.term()) {
                termAtStart = snapshot.term();
                restart(log);
            }
            snapshotFound = true;
        }
    }

    private static <T> T checked(@Nullable T decoded, SegmentScan scan, String kind) throws WalException {
        if (decoded == null) {
            throw scan.damaged("the record is not a valid " + kind);
        }
        return decoded;
    }

    private Path lastFile() {
        return directory.resolve(names.get(names.size() - 1).fileName());
    }
}
