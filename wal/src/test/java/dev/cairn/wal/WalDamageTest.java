package dev.cairn.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.testing.Seed;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a log says after its bytes were changed: the truth up to some point, or nothing. */
class WalDamageTest {
    private static final int SEGMENT_BYTES = 16 << 10;

    @TempDir
    Path temp;

    private Path log;
    private Path segment;

    /** Where each batch of {@link #write} ends, and what was durable there. */
    private final List<Long> ends = new ArrayList<>();

    private final List<Entry> entries = new ArrayList<>();
    private final List<Integer> counts = new ArrayList<>();

    @BeforeEach
    void setUp() {
        log = temp.resolve("wal");
        segment = log.resolve(Logs.FIRST_SEGMENT);
    }

    @Test
    void shouldRepairALogThatWasCutAtAnyByte() throws IOException {
        // Goal: a segment that ends early keeps every whole record and no part of another.
        // Method: cut at each byte of the last two batches, repair, read, append, read again.
        byte[] whole = write(8, 20);
        for (long cut = ends.get(5); cut < ends.get(7); cut++) {
            Files.write(segment, Arrays.copyOf(whole, (int) cut));
            List<Entry> read = repairAndRead("cut at " + cut);
            assertThat(read.size()).as("cut at %d", cut).isGreaterThanOrEqualTo(countAt(cut));
            appendAndRead(read, "cut at " + cut);
        }
    }

    @Test
    void shouldRepairALogWhoseLastBatchLacksSectors() throws IOException {
        // Goal: whatever sectors of the last batch a power cut loses, all batches before it stay.
        // Method: the last batch covers some ten sectors; each combination of up to two lost ones, and random ones.
        byte[] whole = write(5, 900);
        int start = (int) (long) ends.get(3);
        int end = (int) (long) ends.get(4);
        int first = start / WalFormat.SECTOR_BYTES;
        int sectors = (end - 1) / WalFormat.SECTOR_BYTES - first + 1;
        assertThat(sectors).isGreaterThan(5);
        long seed = Seed.choose();
        Random random = new Random(seed);
        for (int mask = 1; mask < 1 << sectors; mask++) {
            if (Integer.bitCount(mask) > 2 && random.nextInt(20) != 0) {
                continue;
            }
            byte[] torn = whole.clone();
            for (int i = 0; i < sectors; i++) {
                if ((mask >> i & 1) != 0) {
                    int from = Math.max(start, (first + i) * WalFormat.SECTOR_BYTES);
                    Arrays.fill(torn, from, (first + i + 1) * WalFormat.SECTOR_BYTES, (byte) 0);
                }
            }
            Files.write(segment, torn);
            String context = "seed " + seed + ", lost sectors " + Integer.toBinaryString(mask);
            List<Entry> read = repairAndRead(context);
            assertThat(read.size()).as(context).isGreaterThanOrEqualTo(counts.get(3));
            appendAndRead(read, context);
        }
    }

    @Test
    void shouldNeverInventAnythingFromZeros() throws IOException {
        // Goal: zeros from any byte to the end, which no disk leaves, give a prefix or a refusal.
        byte[] whole = write(6, 40);
        for (long from = 1; from < ends.get(5); from++) {
            byte[] torn = whole.clone();
            Arrays.fill(torn, (int) from, torn.length, (byte) 0);
            Files.write(segment, torn);
            openOrRefuse("zeros from " + from);
        }
    }

    @Test
    void shouldNeverInventAnythingFromFlippedBits() throws IOException {
        // Goal: one changed bit anywhere gives a prefix of the log or a refusal; one in the middle never a shorter log.
        // Method: each bit of a log with all kinds of records.
        byte[] whole = write(7, 10);
        int refused = 0;
        for (int bit = 0; bit < (ends.get(6) + 64) * Byte.SIZE; bit++) {
            byte[] damaged = whole.clone();
            damaged[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            Files.write(segment, damaged);
            int read = openOrRefuse("bit " + bit);
            refused += read < 0 ? 1 : 0;
            if (read >= 0 && bit / Byte.SIZE < ends.get(3)) {
                assertThat(read).as("bit %d", bit).isEqualTo(entries.size());
            }
        }
        assertThat(refused).isGreaterThan((int) (ends.get(6) * 6));
    }

    @Test
    void shouldNeverInventAnythingFromNoise() throws IOException {
        long seed = Seed.choose();
        Random random = new Random(seed);
        byte[] whole = write(10, 300);
        for (int round = 0; round < 500; round++) {
            byte[] damaged = whole.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                byte[] noise = new byte[1 + random.nextInt(700)];
                if (random.nextBoolean()) {
                    random.nextBytes(noise);
                }
                int at = random.nextInt((int) (ends.get(9) - noise.length));
                System.arraycopy(noise, 0, damaged, at, noise.length);
            }
            Files.write(segment, damaged);
            openOrRefuse("seed " + seed + ", round " + round);
        }
    }

    @Test
    void shouldRefuseALostSectorInTheMiddle() throws IOException {
        byte[] whole = write(16, 250);
        int last = (int) (ends.get(12) / WalFormat.SECTOR_BYTES);
        for (int sector = 0; sector < last; sector++) {
            byte[] damaged = whole.clone();
            Arrays.fill(damaged, sector * WalFormat.SECTOR_BYTES, (sector + 1) * WalFormat.SECTOR_BYTES, (byte) 0);
            Files.write(segment, damaged);
            String context = "sector " + sector;
            Throwable refusal = catchThrowable(() -> Logs.read(log, 0, 0));
            assertThat(refusal).as(context).isInstanceOf(WalException.Damaged.class);
            assertThat(refusal)
                    .as(context)
                    .hasMessageContaining(segment.toString())
                    .hasMessageContaining("etcdutl");
            assertThat(catchThrowable(() -> WalRepair.repair(log)))
                    .as(context + ": " + refusal)
                    .isInstanceOf(WalException.Damaged.class);
            assertThat(segment).as(context).hasBinaryContent(damaged);
        }
    }

    @Test
    void shouldRefuseAFlippedBitInAValueOfZeros() throws IOException {
        // The zeros look like lost sectors, but batches behind them were durable.
        entries.add(new Entry(1, 1, EntryType.NORMAL, ByteString.copyFrom(new byte[3000])));
        byte[] whole = write(6, 50);
        whole[(int) (ends.get(0) - 2000)] ^= 1;
        Files.write(segment, whole);

        assertThatThrownBy(() -> WalRepair.repair(log))
                .isInstanceOf(WalException.Damaged.class)
                .hasMessageContaining("checksum mismatch");
    }

    @Test
    void shouldNotBelieveLengths() throws IOException {
        byte[] whole = write(6, 50);
        long[] lengths = {
            1,
            4,
            SEGMENT_BYTES,
            SEGMENT_BYTES - 1000,
            1L << 31,
            (1L << 56) - 1,
            Long.MAX_VALUE,
            Long.MIN_VALUE,
            -1,
            0x80L << 56
        };
        for (int batch = 0; batch < 5; batch++) {
            for (long length : lengths) {
                byte[] damaged = whole.clone();
                ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN).putLong((int) (long) ends.get(batch), length);
                Files.write(segment, damaged);
                openOrRefuse("length " + length + " after batch " + batch);
            }
        }
    }

    @Test
    void shouldNotAllocateForLengthsThatAreNotTrue() throws IOException {
        // Goal: a hostile length in a large, sparse segment costs no memory. Far more than the test's heap is claimed.
        write(3, 50);
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.setLength(1L << 31);
            file.seek(ends.get(2));
            file.writeLong(Long.reverseBytes(WalFormat.lengthWord((1L << 31) - SEGMENT_BYTES)));
        }

        Logs.Read read = Logs.read(log, 0, 0);
        assertThat(read.contents().torn()).isTrue();
        assertThat(read.entries()).isEqualTo(entries);
    }

    @Test
    void shouldOnlyTakeTheLastSegmentForTorn() throws IOException {
        byte[] whole;
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            writer.append(List.of(Logs.entry(1, 1, "a".repeat(200))), Logs.state(1, 1));
            writer.cutSegment();
            whole = Files.readAllBytes(segment);
        }
        for (int cut = 0; cut < whole.length; cut++) {
            Files.write(segment, Arrays.copyOf(whole, cut));
            // Cut between records, it is the next segment that does not fit.
            assertThat(openOrRefuse("cut at " + cut)).as("cut at %d", cut).isNegative();
        }
    }

    @Test
    void shouldKeepACopyOfWhatIsRepaired() throws IOException {
        byte[] whole = write(3, 50);
        byte[] torn = Arrays.copyOf(whole, (int) (ends.get(2) - 20));
        Files.write(segment, torn);

        try (WalReader reader = WalReader.openForAppend(log, 0, 0)) {
            assertThatThrownBy(() -> reader.read(Logs.into(new ArrayList<>()))).isInstanceOf(WalException.Torn.class);
        }
        assertThat(Logs.read(log, 0, 0).contents().torn()).isTrue();
        assertThat(WalRepair.repair(log)).isTrue();
        assertThat(log.resolve(Logs.FIRST_SEGMENT + ".broken")).hasBinaryContent(torn);
        assertThat(WalRepair.repair(log)).isFalse();
        assertThat(Logs.read(log, 0, 0).contents().torn()).isFalse();
    }

    @Test
    void shouldRefuseALogThatEndsBeforeWhatWasCommitted() throws IOException {
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL)) {
            writer.append(List.of(Logs.entry(1, 1, "a")), Logs.state(1, 5));
        }

        assertThatThrownBy(() -> Logs.read(log, 0, 0))
                .isInstanceOf(WalException.Damaged.class)
                .hasMessageContaining("index 5 was committed");
    }

    @Test
    void shouldReadEntriesOfOlderServers() {
        // Before 3.7 the type of a normal entry was written although it is zero.
        byte[] old = {0x08, 0, 0x10, 2, 0x18, 3, 0x22, 1, 'x'};

        assertThat(WalRecordDecoder.entry(RecordBytes.of(old), true)).isEqualTo(Logs.entry(2, 3, "x"));
        assertThat(WalRecordDecoder.entry(RecordBytes.of(old), false)).isEqualTo(Logs.entry(2, 3, ""));
    }

    @Test
    void shouldRefuseRecordsOfAnotherType() {
        byte[] entry = {0x08, 1, 0x10, 2, 0x18, 3, 0x22, 1, 'x'};
        byte[] state = {0x08, 2, 0x10, 5, 0x18, 3};
        byte[] metadata = {0x08, 2, 0x10, 5};
        byte[] unknown = {0x10, 2, 0x18, 3, 0x28, 1};
        byte[] twice = {0x10, 2, 0x10, 2, 0x18, 3};
        byte[] cut = {0x10, 2, 0x18, 3, 0x22, 9, 'x'};

        assertThat(WalRecordDecoder.state(RecordBytes.of(entry))).isNull();
        assertThat(WalRecordDecoder.metadata(RecordBytes.of(entry))).isNull();
        assertThat(WalRecordDecoder.snapshot(RecordBytes.of(entry))).isNull();
        assertThat(WalRecordDecoder.metadata(RecordBytes.of(state))).isNull();
        assertThat(WalRecordDecoder.state(RecordBytes.of(metadata))).isNull();
        assertThat(WalRecordDecoder.entry(RecordBytes.of(metadata), true)).isNull();
        assertThat(WalRecordDecoder.entry(RecordBytes.of(unknown), true)).isNull();
        assertThat(WalRecordDecoder.entry(RecordBytes.of(twice), true)).isNull();
        assertThat(WalRecordDecoder.entry(RecordBytes.of(cut), true)).isNull();
    }

    /** Batches of three entries and a hard state, each synced. Returns the segment's content. */
    private byte[] write(int batches, int size) throws IOException {
        Random random = new Random(7);
        List<Entry> first = new ArrayList<>(entries);
        entries.clear();
        try (WalWriter writer = WalWriter.create(log, Logs.METADATA, Logs.SMALL.withSegmentBytes(SEGMENT_BYTES))) {
            for (int batch = 0; batch < batches; batch++) {
                List<Entry> more = new ArrayList<>(batch == 0 ? first : List.of());
                for (int i = 0; i < 3; i++) {
                    byte[] data = new byte[size];
                    random.nextBytes(data);
                    more.add(new Entry(
                            1 + batch / 3,
                            entries.size() + more.size() + 1,
                            EntryType.NORMAL,
                            ByteString.copyFrom(data)));
                }
                writer.append(more, new HardState(1 + batch / 3, Logs.METADATA.nodeId(), entries.size()));
                writer.sync();
                entries.addAll(more);
                counts.add(entries.size());
                ends.add(writer.end());
            }
        }
        assertThat(WalDirectory.segments(log)).as("all in one segment").hasSize(1);
        return Files.readAllBytes(segment);
    }

    private int countAt(long offset) {
        int count = 0;
        for (int i = 0; i < ends.size() && ends.get(i) <= offset; i++) {
            count = counts.get(i);
        }
        return count;
    }

    private List<Entry> repairAndRead(String context) throws IOException {
        WalRepair.repair(log);
        List<Entry> read = Logs.read(log, 0, 0).entries();
        assertThat(read).as(context).isEqualTo(entries.subList(0, read.size()));
        return read;
    }

    private void appendAndRead(List<Entry> read, String context) throws IOException {
        try (WalWriter writer = Logs.resume(log, Logs.SMALL, new ArrayList<>())) {
            Entry more = Logs.entry(9, read.size() + 1, "more");
            read.add(more);
            writer.append(List.of(more), Logs.state(9, read.size()));
            writer.sync();
        }
        assertThat(Logs.read(log, 0, 0).entries()).as(context).isEqualTo(read);
    }

    /** How many entries are left after a repair; negative if the log is refused. */
    private int openOrRefuse(String context) throws IOException {
        try {
            return repairAndRead(context).size();
        } catch (WalException e) {
            assertThat(e)
                    .as(context)
                    .isInstanceOfAny(
                            WalException.Damaged.class,
                            WalException.SnapshotNotFound.class,
                            WalException.SnapshotMismatch.class,
                            WalException.MetadataConflict.class);
            return -1;
        }
    }
}
