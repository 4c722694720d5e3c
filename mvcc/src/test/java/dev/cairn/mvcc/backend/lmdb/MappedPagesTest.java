package dev.cairn.mvcc.backend.lmdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Goal: a walk over a large store does not leave it resident, and what is read stays right. Method: what the kernel says of this process's map. */
@EnabledOnOs(OS.LINUX)
class MappedPagesTest {
    private static final int VALUE_BYTES = 256 << 10;
    private static final int RECORDS = 1024;
    private static final TableRef TABLE = new TableRef(0, "table");

    /** To ask the kernel takes milliseconds. */
    private static final int LOOKED_AT_EVERY = 32;

    @TempDir
    Path directory;

    @Test
    void shouldNotKeepWhatWalksHaveSeen() throws IOException {
        try (LmdbBackend backend = LmdbBackend.open(directory, 1L << 30, List.of(TABLE))) {
            try (WriteTxn txn = backend.write()) {
                for (int i = 0; i < RECORDS; i++) {
                    ByteBuffer value = txn.append(TABLE, key(i), VALUE_BYTES);
                    while (value.hasRemaining()) {
                        value.putLong(i);
                    }
                }
                txn.commit();
            }
            long most = 0;
            try (ReadTxn txn = backend.read();
                    Cursor cursor = txn.cursor(TABLE)) {
                int number = 0;
                for (boolean found = cursor.first(); found; found = cursor.next()) {
                    assertHolds(cursor.value(), number++);
                    most = Math.max(most, resident(number));
                }
                assertThat(number).isEqualTo(RECORDS);
                for (int i = 0; i < RECORDS / 2; i++) {
                    assertHolds(Objects.requireNonNull(txn.get(TABLE, key(i))), i);
                    most = Math.max(most, resident(i));
                }
            }
            // Most answers are read in pieces, each in a transaction of its own.
            for (int i = 0; i < RECORDS; i++) {
                try (ReadTxn txn = backend.read()) {
                    assertHolds(Objects.requireNonNull(txn.get(TABLE, key(i))), i);
                }
                most = Math.max(most, resident(i));
            }
            assertThat(most)
                    .as("bytes resident of %s", (long) RECORDS * VALUE_BYTES)
                    .isBetween(1L << 20, MappedPages.RESIDENT_BYTES_MAX + (48L << 20));
        }
    }

    @Test
    void shouldKnowItsMapByTheName() {
        String line = "7f4d54000000-7f5554000000 r--s 00000000 fe:00 9986282                    /a dir/lmdb/data.mdb";
        assertThat(MappedPages.Range.parse(line, "/a dir/lmdb/data.mdb"))
                .contains(new MappedPages.Range(0x7f4d54000000L, 0x800000000L));
        assertThat(MappedPages.Range.parse(line, "/a dir/lmdb/lock.mdb")).isEmpty();
        assertThat(MappedPages.Range.parse(line.replace("r--s", "r--p"), "/a dir/lmdb/data.mdb"))
                .as("a private map, whose changes would be lost")
                .isEmpty();
        assertThat(MappedPages.Range.parse(line + " (deleted)", "/a dir/lmdb/data.mdb"))
                .isEmpty();
        assertThat(MappedPages.Range.parse("7ffd1c9f4000-7ffd1ca15000 rw-p 00000000 00:00 0 ", ""))
                .isEmpty();
    }

    private static void assertHolds(ByteBuffer value, int number) {
        assertThat(value.remaining()).isEqualTo(VALUE_BYTES);
        // One byte of each page, which makes all of them resident.
        for (int at = 0; at < VALUE_BYTES; at += 4096) {
            assertThat(value.getLong(at)).isEqualTo(number);
        }
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    /** How much of the map is resident in this process; zero where nobody looks. */
    private long resident(int number) throws IOException {
        if (number % LOOKED_AT_EVERY != 0) {
            return 0;
        }
        boolean ours = false;
        String file = directory.toRealPath().resolve("data.mdb").toString();
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.endsWith(file)) {
                ours = true;
            } else if (ours && line.startsWith("Rss:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new AssertionError("no map of " + file);
    }
}
