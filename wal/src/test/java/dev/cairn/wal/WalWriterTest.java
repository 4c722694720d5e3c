package dev.cairn.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.testing.Seed;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalWriterTest {
    @TempDir
    Path temp;

    private Path log;

    @BeforeEach
    void setUp() {
        log = temp.resolve("wal");
    }

    @Test
    void shouldReadBackRandomHistories() throws IOException {
        // Goal: whatever Raft does to a log comes back, over restarts, overwritten tails and many segments.
        // Method: seeded batches against a list, read in full after each restart.
        long seed = Seed.choose();
        for (int round = 0; round < 15; round++, seed++) {
            Path directory = temp.resolve("wal-" + round);
            Random random = new Random(seed);
            List<Entry> expected = new ArrayList<>();
            HardState state = HardState.EMPTY;
            WalWriter writer = WalWriter.create(directory, Logs.METADATA, Logs.SMALL);
            long term = 1;
            for (int batch = 0; batch < 120; batch++) {
                term += random.nextInt(10) == 0 ? 1 : 0;
                long index = expected.size() + 1;
                if (random.nextInt(12) == 0) {
                    index = Math.max(state.commit() + 1, index - random.nextInt(4));
                }
                List<Entry> entries = new ArrayList<>();
                for (int i = random.nextInt(6); i > 0; i--) {
                    entries.add(Logs.randomEntry(random, term, index++));
                }
                entries.forEach(Logs.into(expected)::entry);
                long commit = state.commit() + random.nextInt((int) (expected.size() - state.commit()) + 1);
                HardState next = Logs.state(term, commit);
                boolean changed = !next.equals(state);
                boolean mustSync = writer.append(entries, changed ? next : HardState.EMPTY);
                state = next;
                if (mustSync || random.nextBoolean()) {
                    writer.sync();
                }
                if (random.nextInt(20) == 0) {
                    writer.close();
                    List<Entry> read = new ArrayList<>();
                    writer = Logs.resume(directory, Logs.SMALL, read);
                    assertThat(read).as("seed %d", seed).isEqualTo(expected);
                }
            }
            writer.close();
            Logs.Read read = Logs.read(directory, 0, 0);
            assertThat(read.entries()).as("seed %d", seed).isEqualTo(expected);
            assertThat(read.contents())
                    .as("seed %d", seed)
                    .isEqualTo(new WalContents(Logs.METADATA, state, expected.size(), false));
            assertThat(WalDirectory.segments(directory)).as("seed %d", seed).hasSizeGreaterThan(2);
        }
    }

    @Test
    void shouldSayWhatMustBeSynced() throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            assertThat(writer.append(List.of(), Logs.state(1, 0))).isTrue();
            assertThat(writer.append(List.of(Logs.entry(1, 1, "a")), HardState.EMPTY))
                    .isTrue();
            writer.sync();
            assertThat(writer.append(List.of(), Logs.state(1, 1))).isFalse();
            assertThat(writer.append(List.of(), new HardState(1, 7, 1))).isTrue();
            assertThat(writer.append(List.of(), HardState.EMPTY)).isFalse();
        }
    }

    /** Found by the simulation: the member went back to a term in between, and the log contradicted itself from then on. */
    @Test
    void shouldKnowTheTermOfEntriesWhoseHardStateACrashHasTaken() throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            writer.append(List.of(Logs.entry(2, 1, "a")), new HardState(2, 7, 1));
            writer.sync();
            writer.append(List.of(Logs.entry(4, 2, "b")), HardState.EMPTY);
            writer.sync();
        }
        assertThat(Logs.read(log, 0, 0).contents().hardState()).isEqualTo(new HardState(4, 0, 1));

        try (WalWriter writer = Logs.resume(log, Logs.SMALL, new ArrayList<>())) {
            assertThatThrownBy(() -> writer.append(List.of(), new HardState(3, 7, 1)))
                    .isInstanceOf(IllegalArgumentException.class);
            writer.append(List.of(), new HardState(4, 9, 2));
            writer.sync();
        }
        assertThat(Logs.read(log, 0, 0).contents().hardState()).isEqualTo(new HardState(4, 9, 2));
    }

    @Test
    void shouldRefuseBatchesThatAReaderWouldRefuse() throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            HardState none = HardState.EMPTY;
            assertThatThrownBy(() -> writer.append(List.of(Logs.entry(1, 2, "gap")), none))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> writer.append(List.of(Logs.entry(0, 1, "no term")), none))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> writer.append(List.of(Logs.entry(2, 1, "a"), Logs.entry(1, 2, "b")), none))
                    .isInstanceOf(IllegalArgumentException.class);
            writer.append(List.of(Logs.entry(2, 1, "a")), Logs.state(2, 0));
            assertThatThrownBy(() -> writer.append(List.of(Logs.entry(2, 2, "b")), none))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("was synced");
            writer.sync();
            assertThatThrownBy(() -> writer.append(List.of(), Logs.state(1, 0)))
                    .isInstanceOf(IllegalArgumentException.class);
            writer.append(List.of(Logs.entry(2, 2, "b")), none);
        }
        assertThat(Logs.read(log, 0, 0).entries()).hasSize(2);
    }

    @Test
    void shouldBelongToOneThread() throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            writer.sync();
            CompletableFuture<Void> other = CompletableFuture.runAsync(() -> {
                assertThatThrownBy(writer::sync)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("belongs to thread");
            });
            assertThat(other).succeedsWithin(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldNotReplaceALog() throws IOException {
        WalWriter.create(log, Logs.METADATA, Logs.SMALL).close();

        assertThatThrownBy(() -> WalWriter.create(log, Logs.METADATA, Logs.SMALL))
                .isInstanceOf(FileAlreadyExistsException.class);
    }

    @Test
    void shouldReplaceWhatAnEarlierCreationLeft() throws IOException {
        Path temporary = Files.createDirectories(temp.resolve("wal.tmp"));
        Files.writeString(temporary.resolve(Logs.FIRST_SEGMENT), "half");
        Files.createDirectories(log);

        WalWriter.create(log, Logs.METADATA, Logs.SMALL).close();

        assertThat(temporary).doesNotExist();
        assertThat(Logs.read(log, 0, 0).contents().metadata()).isEqualTo(Logs.METADATA);
    }

    @Test
    void shouldLetOnlyTheOwnerIn() throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            writer.cutSegment();
            assertThat(Files.getPosixFilePermissions(log)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
            for (WalSegmentName name : WalDirectory.segments(log)) {
                assertThat(Files.getPosixFilePermissions(log.resolve(name.fileName())))
                        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
            }
        }
    }

    @Test
    void shouldReadFromSnapshotsOnly() throws IOException {
        writeSegments(6);

        Logs.Read read = Logs.read(log, 30, 1);
        assertThat(read.entries()).extracting(Entry::index).first().isEqualTo(31L);
        assertThat(read.contents().lastIndex()).isEqualTo(60);
        assertThatThrownBy(() -> Logs.read(log, 31, 1)).isInstanceOf(WalException.SnapshotNotFound.class);
        assertThatThrownBy(() -> Logs.read(log, 30, 2)).isInstanceOf(WalException.SnapshotMismatch.class);
        assertThat(WalReader.validSnapshots(log))
                .extracting(SnapshotMetadata::index)
                .containsExactly(0L, 10L, 20L, 30L, 40L, 50L);
        assertThat(WalReader.newestSnapshot(log)).map(SnapshotMetadata::index).contains(50L);
    }

    @Test
    void shouldFindTheNewestSnapshotWithoutWhatIsBeforeIt() throws IOException {
        writeSegments(4);
        Path oldest = log.resolve(WalDirectory.segments(log).get(0).fileName());
        byte[] bytes = Files.readAllBytes(oldest);
        bytes[bytes.length / 2] ^= 1;
        Files.write(oldest, bytes);

        assertThatThrownBy(() -> WalReader.validSnapshots(log)).isInstanceOf(WalException.class);
        assertThat(WalReader.newestSnapshot(log)).contains(new SnapshotMetadata(ConfState.ofVoters(1), 30, 1));
    }

    @Test
    void shouldFindARecordHoweverFarBackItIs() throws IOException {
        int segments = 7;
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, List.of(), HardState.EMPTY, Logs.SMALL)) {
            fill(writer, 1, 10, 20);
            writer.saveSnapshot(new SnapshotMetadata(ConfState.ofVoters(1), 10, 1));
            for (int segment = 1; segment < segments; segment++) {
                writer.cutSegment();
                fill(writer, segment * 10L + 1, 10, 20);
                assertThat(WalReader.newestSnapshot(log))
                        .map(SnapshotMetadata::index)
                        .contains(10L);
            }
        }
        assertThat(WalDirectory.segments(log)).hasSize(segments);
    }

    @Test
    void shouldPassOverASnapshotThatIsNotKnownToBeCommitted() throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, List.of(), HardState.EMPTY, Logs.SMALL)) {
            assertThat(WalReader.newestSnapshot(log))
                    .map(SnapshotMetadata::index)
                    .contains(0L);
            fill(writer, 1, 10, 20);
            writer.saveSnapshot(new SnapshotMetadata(ConfState.ofVoters(1), 7, 1));
            writer.cutSegment();
            // From a leader: its commit index did not get to the disk.
            writer.saveSnapshot(new SnapshotMetadata(ConfState.ofVoters(1), 17, 1));
        }
        assertThat(WalReader.newestSnapshot(log)).map(SnapshotMetadata::index).contains(7L);
    }

    /** A snapshot of what was replaced later never exists: only the entries before it can be replaced, and all behind them with them. */
    @Test
    void shouldNotFindEntriesAgainThatWereReplacedFromBeforeTheSnapshot() throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, List.of(), HardState.EMPTY, Logs.SMALL)) {
            writer.append(entries(1, 1, 9), Logs.state(1, 3));
            writer.sync();
            // A leader replaces 4 to 9, and nothing stands behind 6.
            writer.append(entries(2, 4, 6), Logs.state(2, 6));
            writer.sync();
            writer.saveSnapshot(new SnapshotMetadata(ConfState.EMPTY, 6, 2));
        }

        assertThat(Logs.read(log, 6, 2).entries()).isEmpty();
        assertThat(Logs.read(log, 6, 2).contents().lastIndex()).isEqualTo(6);

        List<Entry> found = new ArrayList<>();
        try (WalReader reader = WalReader.openForAppend(log, 6, 2)) {
            reader.read(Logs.into(found));
            try (WalWriter writer = WalWriter.resume(reader, Logs.SMALL)) {
                writer.append(entries(2, 7, 7), Logs.state(2, 6));
                writer.sync();
                // A second record of the same place says nothing of what is behind it.
                writer.saveSnapshot(new SnapshotMetadata(ConfState.EMPTY, 6, 2));
            }
        }
        assertThat(Logs.read(log, 6, 2).entries()).isEqualTo(entries(2, 7, 7));
        assertThat(Logs.read(log, 0, 0).contents().lastIndex()).isEqualTo(7);
    }

    @Test
    void shouldFindNothingBehindASnapshotThatALeaderSent() throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, List.of(), HardState.EMPTY, Logs.SMALL)) {
            writer.append(entries(1, 1, 9), Logs.state(1, 3));
            writer.sync();
            // Its entry 6 is not this log's.
            writer.saveSnapshot(new SnapshotMetadata(ConfState.EMPTY, 6, 2));
            writer.append(List.of(), Logs.state(2, 6));
            writer.sync();
        }
        assertThat(Logs.read(log, 6, 2).entries()).isEmpty();

        List<Entry> found = new ArrayList<>();
        try (WalReader reader = WalReader.openForAppend(log, 6, 2)) {
            reader.read(Logs.into(found));
            try (WalWriter writer = WalWriter.resume(reader, Logs.SMALL)) {
                writer.append(entries(2, 7, 8), Logs.state(2, 6));
                writer.sync();
                writer.saveSnapshot(new SnapshotMetadata(ConfState.EMPTY, 6, 2));
                writer.append(entries(3, 8, 9), Logs.state(3, 6));
                writer.sync();
            }
        }
        List<Entry> expected = new ArrayList<>(entries(2, 7, 7));
        expected.addAll(entries(3, 8, 9));
        assertThat(Logs.read(log, 6, 2).entries()).isEqualTo(expected);
    }

    private static List<Entry> entries(long term, long first, long last) {
        return LongStream.rangeClosed(first, last)
                .mapToObj(index -> Logs.entry(term, index, term + "/" + index))
                .toList();
    }

    @Test
    void shouldContinueTheChecksumWhenTheFirstSegmentsAreGone() throws IOException {
        writeSegments(6);
        Files.delete(log.resolve(WalDirectory.segments(log).get(0).fileName()));
        Files.delete(log.resolve(WalDirectory.segments(log).get(0).fileName()));

        try (WalReader reader = WalReader.openForAppend(log, 40, 1)) {
            reader.read(Logs.into(new ArrayList<>()));
            try (WalWriter writer = WalWriter.resume(reader, Logs.SMALL)) {
                assertThat(writer.lastIndex()).isEqualTo(60);
                writer.append(List.of(Logs.entry(1, 61, "last")), Logs.state(1, 61));
                writer.sync();
                writer.cutSegment();
                writer.append(List.of(Logs.entry(1, 62, "in the next")), Logs.state(1, 62));
                writer.sync();
            }
        }

        assertThat(Logs.read(log, 30, 1).contents().lastIndex()).isEqualTo(62);
        assertThatThrownBy(() -> Logs.read(log, 0, 0)).isInstanceOf(WalException.NotFound.class);
    }

    @Test
    void shouldRefuseLogsWithAMissingSegment() throws IOException {
        writeSegments(6);
        Files.delete(log.resolve(WalDirectory.segments(log).get(3).fileName()));

        assertThatThrownBy(() -> Logs.read(log, 10, 1))
                .isInstanceOf(WalException.NotFound.class)
                .hasMessageContaining("lacks the segment");
        assertThat(WalDirectory.isValid(log, 10)).isFalse();
        assertThat(WalDirectory.isValid(log, 50)).isTrue();
    }

    @Test
    void shouldRefuseSegmentsOfAnotherMember() throws IOException {
        writeSegments(1);
        ChainedCrc crc;
        try (WalReader reader = WalReader.open(log, 0, 0)) {
            reader.read(Logs.into(new ArrayList<>()));
            crc = reader.crc();
        }
        Path foreign = log.resolve(new WalSegmentName(1, 11).fileName());
        try (SegmentFile segment = SegmentFile.create(WalFiles.REAL, foreign, 4096)) {
            WalAppender appender = new WalAppender(segment, 0, crc, 4096, WalListener.NONE);
            appender.start(segment);
            appender.metadata(new WalMetadata(1, 2));
            appender.flush();
        }

        assertThatThrownBy(() -> Logs.read(log, 0, 0)).isInstanceOf(WalException.MetadataConflict.class);
    }

    @Test
    void shouldPurgeWhatIsReleasedAndNothingElse() throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            for (int segment = 0; segment < 6; segment++) {
                fill(writer, segment * 10 + 1, 10, 0);
                writer.cutSegment();
            }
            assertThat(WalDirectory.purge(log, 1, writer.firstHeldSequence())).isEmpty();
            writer.release(35);
            assertThat(writer.firstHeldSequence()).isEqualTo(3);
            assertThat(WalDirectory.purge(log, 0, writer.firstHeldSequence())).isEmpty();
            assertThat(WalDirectory.purge(log, 5, writer.firstHeldSequence())).hasSize(2);
            assertThat(WalDirectory.purge(log, 1, writer.firstHeldSequence())).hasSize(1);
            assertThat(WalDirectory.segments(log))
                    .extracting(WalSegmentName::sequence)
                    .containsExactly(3L, 4L, 5L, 6L);
            fill(writer, 61, 10, 0);
        }
    }

    @Test
    void shouldPurgeBesideTheWriter() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (WalWriter writer = WalWriter.create(
                log, Logs.METADATA, WalOptions.of(threads, WalListener.NONE).withSegmentBytes(16 << 10))) {
            CompletableFuture<Integer> purger = CompletableFuture.supplyAsync(
                    () -> {
                        int removed = 0;
                        while (!done.get()) {
                            try {
                                removed += WalDirectory.purge(log, 2, writer.firstHeldSequence())
                                        .size();
                            } catch (IOException e) {
                                throw new AssertionError(e);
                            }
                        }
                        return removed;
                    },
                    threads);
            for (int index = 1; index <= 600; index++) {
                writer.append(List.of(Logs.entry(1, index, "x".repeat(500))), Logs.state(1, index));
                writer.sync();
                if (index % 50 == 0) {
                    writer.saveSnapshot(new SnapshotMetadata(ConfState.ofVoters(1), index, 1));
                    writer.release(index);
                }
            }
            done.set(true);
            assertThat(purger).succeedsWithin(10, TimeUnit.SECONDS);
            WalDirectory.purge(log, 2, writer.firstHeldSequence());
            assertThat(WalDirectory.segments(log)).hasSize(2);
        } finally {
            threads.shutdown();
        }
        assertThat(Logs.read(log, 600, 1).contents().lastIndex()).isEqualTo(600);
    }

    @Test
    void shouldKeepOthersOut() throws Exception {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            writer.cutSegment();
            assertThatThrownBy(() -> WalReader.openForAppend(log, 0, 0)).isInstanceOf(WalException.Locked.class);
            assertThatThrownBy(() -> WalRepair.repair(log)).isInstanceOf(WalException.Locked.class);
        }
        WalReader.openForAppend(log, 0, 0).close();
    }

    @Test
    void shouldPrepareSegmentsAheadAndCleanUp() throws IOException {
        Files.createDirectories(temp);
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            assertThat(log.resolve("1.tmp")).doesNotExist();
            fill(writer, 1, 10, 1000);
            assertThat(log.resolve("1.tmp")).hasSize(16 << 10);
        }
        assertThat(log.resolve("1.tmp")).doesNotExist();
        Files.writeString(log.resolve("0.tmp"), "left by a crash");
        Logs.resume(log, Logs.SMALL, new ArrayList<>()).close();
        assertThat(log.resolve("0.tmp")).doesNotExist();
    }

    @Test
    void shouldNotSyncWhereThatIsSwitchedOff() throws IOException {
        List<String> events = new ArrayList<>();
        WalListener listener = new WalListener() {
            @Override
            public void beforeSync() {
                events.add("sync");
            }
        };
        try (WalWriter writer = WalWriter.create(
                log, Logs.METADATA, WalOptions.of(Runnable::run, listener).withoutSync())) {
            writer.append(List.of(Logs.entry(1, 1, "a")), Logs.state(1, 1));
            writer.sync();
            writer.append(List.of(Logs.entry(1, 2, "b")), HardState.EMPTY);
            writer.sync();
        }
        assertThat(events).isEmpty();
        assertThat(Logs.read(log, 0, 0).entries()).hasSize(2);
    }

    @Test
    void shouldReportItsWork() throws IOException {
        List<String> events = new ArrayList<>();
        WalListener listener = new WalListener() {
            @Override
            public void written(long bytes, long nanos) {
                events.add("written " + bytes);
            }

            @Override
            public void beforeSync() {
                events.add("before");
            }

            @Override
            public void synced(long nanos) {
                events.add("synced");
            }

            @Override
            public void segmentStarted(String fileName) {
                events.add(fileName);
            }
        };
        try (WalWriter writer = WalWriter.create(
                log, Logs.METADATA, WalOptions.of(Runnable::run, listener).withSegmentBytes(4096))) {
            events.clear();
            writer.append(List.of(Logs.entry(1, 1, "a"), Logs.entry(1, 2, "b")), Logs.state(1, 1));
            writer.sync();
            assertThat(events).containsExactly("written 104", "before", "synced");
            writer.append(List.of(Logs.entry(1, 3, "c".repeat(4096))), HardState.EMPTY);
            assertThat(events).last().isEqualTo("0000000000000001-0000000000000004.wal");
        }
    }

    /** So many segments with ten entries and a snapshot of them each. */
    private void writeSegments(int segments) throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            for (int segment = 0; segment < segments; segment++) {
                fill(writer, segment * 10L + 1, 10, 20);
                if (segment < segments - 1) {
                    writer.saveSnapshot(new SnapshotMetadata(ConfState.ofVoters(1), segment * 10L + 10, 1));
                    writer.cutSegment();
                }
            }
        }
    }

    private static void fill(WalWriter writer, long index, int count, int size) throws IOException {
        for (long i = index; i < index + count; i++) {
            writer.append(List.of(Logs.entry(1, i, "x".repeat(size))), Logs.state(1, i));
            writer.sync();
        }
    }
}
