package dev.cairn.wal;

import dev.cairn.failpoint.FailPoint;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.SnapshotMetadata;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Appends to a log.
 *
 * <p><b>Thread.</b> Confined to the log's thread: the first that appends. {@link #firstHeldSequence} may be called from any. The
 * helper of {@link WalOptions} prepares segments beside it.
 *
 * <p><b>Contract.</b> {@link #append} hands a batch to the operating system with one write and says whether it must be made
 * durable; {@link #sync} does that. A batch with entries must be synced before the next one with entries is appended:
 * a reader tells a torn tail from damage by it ({@link WalTail}). Gather what waits into one batch.
 *
 * <p><b>States.</b> Open, poisoned, closed. The first failure of a write or a sync poisons the log: what the disk
 * holds from then on is unknown, a repeated sync may report success for lost bytes, and every further call fails with
 * {@link WalException.Poisoned}. The process must stop. A batch that is refused as wrong ({@link IllegalArgumentException}) has written
 * nothing and poisons nothing.
 *
 * <p><b>Segments.</b> After the batch that makes a segment reach its full size, the log goes on in the next one: the old one is cut
 * to its length and synced, the new one gets checksum, metadata and hard state, is synced, and then gets its name. So a
 * segment with a name is never without its start, and only the last segment can be torn.
 */
public final class WalWriter implements AutoCloseable {
    /** Zeros in a new log before its first record; the helper adds more once the log is used. */
    private static final long START_BYTES = 1 << 20;

    private final Path directory;
    private final WalOptions options;
    private final WalMetadata metadata;
    private final WalAppender appender;
    private final SegmentPreparer preparer;

    /** The segments that are locked, oldest first; the last one is written to. */
    private final Deque<WalReader.Held> held;

    private volatile long firstHeldSequence;
    private HardState hardState;
    private long lastIndex;
    private boolean entriesUnsynced;
    private boolean closed;
    private @Nullable Throwable poison;
    private @Nullable Thread owner;

    private WalWriter(
            Path directory,
            WalOptions options,
            WalContents contents,
            Deque<WalReader.Held> held,
            WalAppender appender) {
        this.directory = directory;
        this.options = options;
        this.metadata = contents.metadata();
        this.hardState = contents.hardState();
        this.lastIndex = contents.lastIndex();
        this.held = held;
        this.firstHeldSequence = held.getFirst().name().sequence();
        this.appender = appender;
        this.preparer = new SegmentPreparer(directory, options);
    }

    /**
     * Makes a new log that starts with the snapshot record (0, 0). It is built in {@code <directory>.tmp} and renamed, so that a
     * crash leaves no log or a whole one.
     *
     * @throws FileAlreadyExistsException if there is a log already
     */
    public static WalWriter create(Path directory, WalMetadata metadata, WalOptions options) throws IOException {
        return create(directory, metadata, List.of(), HardState.EMPTY, options);
    }

    /** As {@link #create(Path, WalMetadata, WalOptions)}, and the log holds the given entries and state from the first moment. */
    public static WalWriter create(
            Path directory, WalMetadata metadata, List<Entry> entries, HardState hardState, WalOptions options)
            throws IOException {
        if (WalDirectory.exists(directory)) {
            throw new FileAlreadyExistsException(directory.toString(), null, "there is a log already");
        }
        Path temporary = directory.resolveSibling(directory.getFileName() + WalFormat.TEMPORARY_SUFFIX);
        WalFiles.deleteFlatDirectory(temporary);
        WalFiles.createDirectories(temporary);
        WalSegmentName name = new WalSegmentName(0, 0);
        SegmentFile segment =
                SegmentFile.create(options.files, temporary.resolve(name.fileName()), options.segmentBytes);
        try {
            segment.fill(Math.min(START_BYTES, options.segmentBytes), () -> false);
            WalAppender appender = new WalAppender(segment, 0, new ChainedCrc(), options.bufferBytes, options.listener);
            appender.start(segment);
            appender.metadata(metadata);
            appender.snapshot(SnapFormat.encodeRecord(SnapshotMetadata.EMPTY));
            for (Entry entry : entries) {
                appender.entry(entry);
            }
            if (!hardState.isEmpty()) {
                appender.state(hardState);
            }
            appender.flush();
            segment.channel().force(true);
            WalFiles.syncDirectory(temporary);
            // An empty directory may be there before: a volume mounted for the log, for example by an operator.
            Files.move(temporary, directory, StandardCopyOption.REPLACE_EXISTING);
            segment.moved(directory.resolve(name.fileName()));
            WalFiles.syncParent(directory);
            Deque<WalReader.Held> held = new ArrayDeque<>(List.of(new WalReader.Held(name, segment)));
            return new WalWriter(
                    directory, options, new WalContents(metadata, hardState, entries.size(), false), held, appender);
        } catch (IOException | RuntimeException e) {
            segment.close();
            throw e;
        }
    }

    /** Goes on behind what a reader for appending has read, and takes its segments over. The reader is used up. */
    public static WalWriter resume(WalReader reader, WalOptions options) throws IOException {
        WalContents contents = reader.contents();
        Deque<WalReader.Held> held = reader.takeSegments();
        if (held.isEmpty()) {
            throw new IllegalStateException("the log " + reader.directory() + " was not opened for appending");
        }
        try {
            SegmentFile segment = held.getLast().segment();
            segment.eraseFrom(reader.end(), options.segmentBytes);
            WalDirectory.removeTemporaries(reader.directory());
            WalAppender appender =
                    new WalAppender(segment, reader.end(), reader.crc(), options.bufferBytes, options.listener);
            return new WalWriter(reader.directory(), options, contents, held, appender);
        } catch (IOException | RuntimeException e) {
            for (WalReader.Held each : held) {
                each.segment().close();
            }
            throw e;
        }
    }

    /** The last entry's index, or that of a snapshot record beyond it. */
    public long lastIndex() {
        return lastIndex;
    }

    /** Where in the current segment the next record will start. */
    long end() {
        return appender.end();
    }

    /** The number of the oldest segment that is still locked. Thread-safe; for {@link WalDirectory#purge}. */
    public long firstHeldSequence() {
        return firstHeldSequence;
    }

    /**
     * Appends entries and then a hard state.
     *
     * @param state the new hard state; empty if it has not changed
     * @return whether the batch must be synced before anything that depends on it is told to anybody. A change of the
     *     commit index alone need not be: it is only a hint
     */
    public boolean append(List<Entry> entries, HardState state) throws IOException {
        check();
        checkBatch(entries, state);
        try {
            for (int i = 0; i < entries.size(); i++) {
                appender.entry(entries.get(i));
            }
            if (!entries.isEmpty()) {
                lastIndex = entries.get(entries.size() - 1).index();
                entriesUnsynced = true;
            }
            boolean mustSync = !entries.isEmpty();
            if (!state.isEmpty()) {
                mustSync |= state.term() != hardState.term() || state.vote() != hardState.vote();
                appender.state(state);
                hardState = state;
            }
            appender.flush();
            if (appender.end() >= options.segmentBytes) {
                cut();
                return false;
            }
            preparer.keepAhead(
                    appender.segment(), appender.end(), held.getLast().name().sequence() + 1);
            return mustSync;
        } catch (IOException | RuntimeException | Error e) {
            poison = e;
            throw e;
        }
    }

    /** Makes all that was appended durable. */
    public void sync() throws IOException {
        check();
        try {
            syncSegment();
        } catch (IOException | RuntimeException | Error e) {
            poison = e;
            throw e;
        }
    }

    /**
     * Records that a snapshot exists, durably. The snapshot's file must be durable before: a member starts from the newest record
     * and needs the file then.
     */
    public void saveSnapshot(SnapshotMetadata snapshot) throws IOException {
        check();
        try {
            appender.snapshot(SnapFormat.encodeRecord(snapshot));
            lastIndex = Math.max(lastIndex, snapshot.index());
            appender.flush();
            syncSegment();
        } catch (IOException | RuntimeException | Error e) {
            poison = e;
            throw e;
        }
    }

    /** Ends the current segment now. Normally that happens by itself. */
    public void cutSegment() throws IOException {
        check();
        try {
            cut();
        } catch (IOException | RuntimeException | Error e) {
            poison = e;
            throw e;
        }
    }

    /** Gives up the locks of the segments that hold nothing at or behind this index; they may be purged then. */
    public void release(long index) throws IOException {
        check();
        int covered = -1;
        for (WalReader.Held each : held) {
            if (each.name().firstIndex() >= index) {
                break;
            }
            covered++;
        }
        for (int i = 0; i < covered; i++) {
            held.removeFirst().segment().close();
        }
        firstHeldSequence = held.getFirst().name().sequence();
    }

    /**
     * Syncs, unless the log is poisoned, and gives up all locks. Call it when the log's thread has ended.
     */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        preparer.close();
        try {
            if (poison == null) {
                syncSegment();
            }
        } finally {
            for (WalReader.Held each : held) {
                each.segment().close();
            }
        }
    }

    private void syncSegment() throws IOException {
        if (!options.syncs) {
            entriesUnsynced = false;
            return;
        }
        options.listener.beforeSync();
        long start = System.nanoTime();
        FailPoint.WAL_BEFORE_SYNC.hit();
        appender.segment().channel().force(false);
        FailPoint.WAL_AFTER_SYNC.hit();
        options.listener.synced(System.nanoTime() - start);
        entriesUnsynced = false;
    }

    private void cut() throws IOException {
        appender.segment().finish(appender.end());
        entriesUnsynced = false;
        WalSegmentName name = new WalSegmentName(held.getLast().name().sequence() + 1, lastIndex + 1);
        SegmentFile next = preparer.take(name.sequence());
        held.addLast(new WalReader.Held(name, next));
        appender.start(next);
        appender.metadata(metadata);
        if (!hardState.isEmpty()) {
            appender.state(hardState);
        }
        appender.flush();
        next.channel().force(true);
        next.rename(directory.resolve(name.fileName()));
        WalFiles.syncDirectory(directory);
        options.listener.segmentStarted(name.fileName());
    }

    /** What a reader refuses must not be written. */
    private void checkBatch(List<Entry> entries, HardState state) {
        if (!entries.isEmpty() && entriesUnsynced) {
            throw new IllegalStateException("entries were appended before the batch before them was synced");
        }
        long index = lastIndex;
        long term = 0;
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            boolean follows = i == 0 ? entry.index() > 0 && entry.index() <= index + 1 : entry.index() == index + 1;
            if (!follows || entry.term() < Math.max(1, term) || entry.term() >= WalFormat.TERM_MAX) {
                throw new IllegalArgumentException("entry " + entry.index() + " of term " + entry.term()
                        + " cannot follow index " + index + " of term " + term);
            }
            index = entry.index();
            term = entry.term();
        }
        if (!state.isEmpty() && (state.term() < Math.max(1, hardState.term()) || state.commit() < 0)) {
            throw new IllegalArgumentException(state + " cannot follow " + hardState);
        }
    }

    /** The thread that has written so far is done: the next one that writes may be another. Called by the former. */
    public void handOver() {
        owner = null;
    }

    private void check() throws IOException {
        Thread current = Thread.currentThread();
        if (owner == null) {
            owner = current;
        } else if (owner != current) {
            throw new IllegalStateException(
                    "the log belongs to thread " + owner.getName() + ", not to " + current.getName());
        }
        if (closed) {
            throw new IllegalStateException("the log is closed");
        }
        if (poison != null) {
            throw new WalException.Poisoned(poison);
        }
    }
}
