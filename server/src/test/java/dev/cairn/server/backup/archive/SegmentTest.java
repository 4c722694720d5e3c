package dev.cairn.server.backup.archive;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.Revision;
import dev.cairn.mvcc.RevisionTail;
import dev.cairn.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: of damaged segments only what is sound is read, and it is said where that ends. Method: every cut, many flips, groups out of order. */
@Timeout(60)
class SegmentTest {
    private static final SegmentHeader HEADER = new SegmentHeader(1, 2, 3, 10, 1_795_000_000_000L);

    @TempDir
    Path top;

    private final long seed = Seed.choose();
    private final Random random = new Random(seed);
    private BackupDirectory directory = BackupDirectory.of(Path.of(""), 1);
    private final List<Group> groups = new ArrayList<>();

    /** The file's length behind the header and behind each group. */
    private final List<Long> ends = new ArrayList<>();

    private byte[] sound = {};

    @BeforeEach
    void write() throws IOException {
        directory = BackupDirectory.of(top, 1);
        directory.prepare();
        long revision = HEADER.after();
        try (SegmentWriter writer = SegmentWriter.create(directory, HEADER)) {
            ends.add(writer.bytes());
            for (int i = 0; i < 12; i++) {
                List<RevisionTail.Row> rows = new ArrayList<>();
                int count = random.nextInt(4);
                for (int row = 0; row < count; row++) {
                    revision++;
                    byte[] value = new byte[random.nextInt(40)];
                    random.nextBytes(value);
                    rows.add(row(revision, random.nextInt(3), value));
                }
                List<Group.LeaseRow> leases = random.nextBoolean()
                        ? List.of()
                        : List.of(new Group.LeaseRow(random.nextLong(), ByteString.copyFromUtf8("lease")));
                Group group = new Group(HEADER.created() + i, revision, rows, leases);
                groups.add(group);
                writer.append(group);
                ends.add(writer.bytes());
            }
            writer.sync();
        }
        sound = Files.readAllBytes(file());
        assertThat(sound).hasSize(ends.get(ends.size() - 1).intValue());
    }

    private static RevisionTail.Row row(long main, long sub, byte[] value) {
        return new RevisionTail.Row(new Revision(main, sub), value.length % 2 == 1, ByteString.copyFrom(value));
    }

    private Path file() {
        return directory.segment(HEADER);
    }

    private record Reading(List<Group> groups, String flaw) {}

    private Reading read(byte[] bytes) throws IOException {
        Files.write(file(), bytes);
        BackupDirectory.Segment segment = directory.segments().get(0);
        try (SegmentReader reader = SegmentReader.open(segment)) {
            List<Group> found = new ArrayList<>();
            for (Group group = reader.next(); group != null; group = reader.next()) {
                found.add(group);
            }
            ArchiveException flaw = reader.flaw();
            return new Reading(found, flaw == null ? "" : String.valueOf(flaw.getMessage()));
        }
    }

    @Test
    void shouldReadWhatWasWritten() throws IOException {
        assertThat(read(sound)).isEqualTo(new Reading(groups, ""));
        assertThat(directory.segments())
                .containsExactly(new BackupDirectory.Segment(file(), 10, 3, 2, HEADER.created()));
    }

    @Test
    void shouldUseWhatIsBeforeEveryCut() throws IOException {
        for (int length = 0; length < sound.length; length++) {
            Reading reading = read(Arrays.copyOf(sound, length));
            long cut = length;
            int whole = (int) ends.stream().filter(end -> end <= cut).count() - 1;
            assertThat(reading.groups())
                    .as("seed %d length %d", seed, length)
                    .isEqualTo(groups.subList(0, Math.max(0, whole)));
            if (!ends.contains(cut) && length > 0) {
                long begin = whole < 0 ? 0 : ends.get(whole);
                assertThat(reading.flaw())
                        .isEqualTo(file() + ": offset " + begin + ": the file ends within what begins here");
            }
        }
    }

    @Test
    void shouldUseWhatIsBeforeEveryFlip() throws IOException {
        for (int at = 0; at < sound.length; at++) {
            byte[] flipped = sound.clone();
            flipped[at] ^= (byte) (1 << random.nextInt(8));
            Reading reading = read(flipped);
            long position = at;
            int whole = (int) ends.stream().filter(end -> end <= position).count() - 1;
            assertThat(reading.groups())
                    .as("seed %d byte %d", seed, at)
                    .isEqualTo(groups.subList(0, Math.max(0, whole)));
            long begin = whole < 0 ? 0 : ends.get(whole);
            assertThat(reading.flaw()).as("seed %d byte %d", seed, at).startsWith(file() + ": offset " + begin + ": ");
        }
    }

    @Test
    void shouldNotReadGroupsOutOfOrder() throws IOException {
        for (int i = 0; i + 1 < groups.size(); i++) {
            int first = ends.get(i).intValue();
            int second = ends.get(i + 1).intValue();
            int third = ends.get(i + 2).intValue();
            ByteBuffer swapped = ByteBuffer.allocate(sound.length);
            swapped.put(sound, 0, first).put(sound, second, third - second).put(sound, first, second - first);
            swapped.put(sound, third, sound.length - third);
            Reading reading = read(swapped.array());
            assertThat(reading.groups()).isEqualTo(groups.subList(0, i));
            assertThat(reading.flaw()).contains("offset " + first + ": group " + (i + 1) + ", expected " + i);
            // One that is missing, and one that is there twice.
            ByteBuffer missing = ByteBuffer.allocate(sound.length - (second - first));
            missing.put(sound, 0, first).put(sound, second, sound.length - second);
            assertThat(read(missing.array()).groups()).isEqualTo(groups.subList(0, i));
        }
    }

    @Test
    void shouldRefuseWhatItsOwnChecksumsCover() throws IOException {
        // Well formed by every checksum, and still not what a writer makes.
        Group early = new Group(1, 20, List.of(row(10, 0, new byte[] {1})), List.of());
        Group backwards = new Group(1, 20, List.of(row(12, 0, new byte[0]), row(11, 0, new byte[0])), List.of());
        Group behind = new Group(1, 12, List.of(row(13, 0, new byte[0]), row(14, 0, new byte[0])), List.of());
        Group shrinking = new Group(1, 9, List.of(), List.of());
        for (Group hostile : List.of(early, backwards, behind, shrinking)) {
            ByteBuffer group = ArchiveFormat.encode(hostile, 0);
            ByteBuffer bytes = ByteBuffer.allocate(ArchiveFormat.HEADER_BYTES + group.remaining());
            bytes.put(sound, 0, ArchiveFormat.HEADER_BYTES).put(group);
            Reading reading = read(bytes.array());
            assertThat(reading.groups()).as("%s", hostile).isEmpty();
            assertThat(reading.flaw()).as("%s", hostile).contains(": offset 64: ");
        }
    }

    @Test
    void shouldRefuseASegmentUnderAnotherName() throws IOException {
        BackupDirectory.Segment other = new BackupDirectory.Segment(file(), 11, 3, 2, HEADER.created());
        try (SegmentReader reader = SegmentReader.open(other)) {
            assertThat(reader.next()).isNull();
            assertThat(Objects.requireNonNull(reader.flaw()))
                    .hasMessageContaining("the segment is not the one that its name tells");
        }
    }

    @Test
    void shouldNotTakeMemoryForBytesThatAreNotThere() throws IOException {
        for (int i = 0; i < 2000; i++) {
            byte[] noise = new byte[random.nextInt(400)];
            random.nextBytes(noise);
            byte[] bytes = Arrays.copyOf(sound, ArchiveFormat.HEADER_BYTES + noise.length);
            System.arraycopy(noise, 0, bytes, ArchiveFormat.HEADER_BYTES, noise.length);
            assertThat(read(bytes).groups()).as("seed %d round %d", seed, i).isEmpty();
        }
    }
}
