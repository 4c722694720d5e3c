package dev.cairn.server.backup;

import static dev.cairn.server.backup.MemoryTables.number;
import static dev.cairn.server.backup.MemoryTables.revision;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DatabaseFileTest {
    private static final int PAGE_BYTES = 4096;

    @TempDir
    Path directory;

    private final MemoryTables content = new MemoryTables();
    private Path database = Path.of("");
    private byte[] bytes = new byte[0];

    @BeforeEach
    void writeDatabase() throws Exception {
        content.bucket("alarm");
        for (int i = 0; i < 300; i++) {
            content.with("key", revision(i + 2, 0), "value " + "v".repeat(i % 60 == 0 ? 9000 : i));
        }
        content.with("meta", "consistent_index", number(5)).with("meta", "storageVersion", "3.7.0");
        database = directory.resolve("db");
        DatabaseWriter.write(content, database, WorkProgress.UNSEEN);
        bytes = Files.readAllBytes(database);
    }

    private Path file(byte[] content) throws IOException {
        return Files.write(directory.resolve("file"), content);
    }

    private static MemoryTables read(Path path, boolean withoutHash) throws IOException {
        try (DatabaseFile file = DatabaseFile.open(path, withoutHash, WorkProgress.UNSEEN)) {
            return MemoryTables.of(file);
        }
    }

    private byte[] snapshot() throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
        byte[] whole = Arrays.copyOf(bytes, bytes.length + digest.length);
        System.arraycopy(digest, 0, whole, bytes.length, digest.length);
        return whole;
    }

    @Test
    void shouldReadWhatWasWritten() throws Exception {
        MemoryTables found = read(database, true);
        assertThat(found.names()).isEqualTo(content.names());
        for (String bucket : content.names()) {
            assertThat(found.pairs(bucket)).isEqualTo(content.pairs(bucket));
        }
        assertThat(read(file(snapshot()), false).pairs("key")).isEqualTo(content.pairs("key"));
        assertThat(read(file(snapshot()), true).pairs("key")).isEqualTo(content.pairs("key"));
    }

    @Test
    void shouldTellOfMissingAndWrongChecksums() throws Exception {
        assertThatThrownBy(() -> read(database, false))
                .isInstanceOf(IOException.class)
                .hasMessage("snapshot missing hash but --skip-hash-check=false");
        byte[] flipped = snapshot();
        flipped[flipped.length / 2] ^= 1;
        assertThatThrownBy(() -> read(file(flipped), false))
                .isInstanceOf(IOException.class)
                .hasMessageMatching("expected sha256 \\[\\d+( \\d+){31}\\], got \\[\\d+( \\d+){31}\\]");
    }

    @Test
    void shouldRefuseDatabasesThatAreNotEtcds() throws Exception {
        Path other = directory.resolve("other");
        DatabaseWriter.write(new MemoryTables().with("key", revision(2, 0), ""), other, WorkProgress.UNSEEN);
        assertThatThrownBy(() -> read(other, true)).hasMessageContaining("it has no bucket meta");
        Path newer = directory.resolve("newer");
        DatabaseWriter.write(
                new MemoryTables().with("key", revision(2, 0), "").with("meta", "storageVersion", "3.8.0"),
                newer,
                WorkProgress.UNSEEN);
        assertThatThrownBy(() -> read(newer, true)).hasMessageContaining("storage version 3.8.0, which is newer");
    }

    @Test
    void shouldRefuseFilesThatAreCutOff() throws Exception {
        for (int length = 0; length < bytes.length; length += 1021) {
            Path cut = file(Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> read(cut, true))
                    .as("%d bytes", length)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(cut.toString());
        }
    }

    /** Any change of a page's structure is noticed, or makes no difference to what is read within its bounds. */
    @Test
    void shouldEndWithAnErrorOrAContentWhateverIsFlipped() throws Exception {
        Random random = new Random(3);
        List<String> refused = new ArrayList<>();
        for (int round = 0; round < 1500; round++) {
            byte[] flipped = bytes.clone();
            // Mostly in the heads of pages, where lengths and places stand.
            int page = random.nextInt(bytes.length / PAGE_BYTES) * PAGE_BYTES;
            int at = page + random.nextInt(round % 3 == 0 ? PAGE_BYTES : 48);
            flipped[at] = (byte) random.nextInt();
            try {
                read(file(flipped), true);
            } catch (IOException e) {
                refused.add(String.valueOf(e.getMessage()));
            }
        }
        assertThat(refused).hasSizeGreaterThan(100).allMatch(message -> message.contains(directory.toString()));
    }

    /** Elements that share their bytes: a little file that would take for ever to be read. */
    @Test
    void shouldRefuseMoreContentThanTheFileIsLong() throws Exception {
        MemoryTables small = new MemoryTables();
        for (int i = 0; i < 80; i++) {
            small.with("key", revision(i + 2, 0), "value-" + i);
        }
        Path path = directory.resolve("small");
        DatabaseWriter.write(small.with("meta", "term", number(1)), path, WorkProgress.UNSEEN);
        byte[] hostile = Files.readAllBytes(path);
        int page = new String(hostile, ISO_8859_1).indexOf("value-0") / PAGE_BYTES * PAGE_BYTES;
        ByteBuffer head = ByteBuffer.wrap(hostile).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(head.getShort(page + 10)).isEqualTo((short) 80);
        for (int i = 0; i < 80; i++) {
            int element = page + 16 + 16 * i;
            int value = element + head.getInt(element + 4) + head.getInt(element + 8);
            // Each value goes on to the end of the page.
            head.putInt(element + 12, page + PAGE_BYTES - value);
        }
        assertThatThrownBy(() -> read(file(hostile), true)).hasMessageContaining("longer than the whole file");
    }
}
