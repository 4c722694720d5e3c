package dev.cairn.mvcc.backend.lmdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendContractTest;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LmdbBackendTest extends BackendContractTest {
    @TempDir
    Path directory;

    @Override
    protected Backend open() {
        return LmdbBackend.open(directory.resolve("env"), 1L << 30, TABLES);
    }

    @Test
    void shouldRemoveAnUnfinishedCopyAtOpen() throws Exception {
        Path copy = directory.resolve("other").resolve("defragment.tmp");
        Files.createDirectories(copy);
        Files.write(copy.resolve("data.mdb"), new byte[10]);
        LmdbBackend.open(directory.resolve("other"), 1L << 30, TABLES).close();
        assertThat(copy).doesNotExist();
    }

    @Test
    void shouldCopyByStepsWithoutFreePages() throws Exception {
        List<Long> steps = new ArrayList<>();
        try (Backend backend = LmdbBackend.open(directory.resolve("steps"), 1L << 30, TABLES)) {
            fill(backend);
            assertThat(backend.figures().pagesFree()).isGreaterThan(100);
            long before = backend.sizeInUse();
            backend.defragment(steps::add);
            assertThat(backend.sizeInUse()).isLessThanOrEqualTo(before);
            assertThat(backend.figures().pagesFree()).isLessThan(20);
            try (ReadTxn txn = backend.read();
                    Cursor cursor = txn.cursor(FIRST)) {
                assertThat(txn.entries(FIRST)).isEqualTo(PAIRS / 2);
                assertThat(txn.entries(SECOND)).isEqualTo(1);
                int i = 1;
                for (boolean at = cursor.first(); at; at = cursor.next(), i += 2) {
                    assertThat(cursor.key().getInt()).isEqualTo(i);
                    assertThat(cursor.value().remaining()).isEqualTo(bytes(i));
                }
            }
        }
        assertThat(steps).hasSizeGreaterThan(2).allMatch(nanos -> nanos > 0);
    }

    private static final int PAIRS = 10_000;

    private static void fill(Backend backend) {
        try (WriteTxn txn = backend.write()) {
            for (int i = 0; i < PAIRS; i++) {
                txn.put(FIRST, key(i), new byte[bytes(i)]);
            }
            txn.put(SECOND, key(0), new byte[3 << 20]);
            txn.commit();
        }
        try (WriteTxn txn = backend.write()) {
            for (int i = 0; i < PAIRS; i += 2) {
                txn.delete(FIRST, key(i));
            }
            txn.commit();
        }
    }

    private static int bytes(int i) {
        return i % 100 == 1 ? 9000 : 500;
    }

    private static byte[] key(int i) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(i).array();
    }

    @Test
    void shouldRefuseToCopyWhatItDoesNotKnow() {
        Path newer = directory.resolve("newer");
        List<TableRef> more = List.of(FIRST, SECOND, new TableRef(2, "third"));
        LmdbBackend.open(newer, 1L << 30, more).close();
        try (Backend backend = LmdbBackend.open(newer, 1L << 30, TABLES)) {
            assertThatThrownBy(() -> backend.defragment(nanos -> {}))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("the table third is of a newer version");
            assertThat(newer.resolve("defragment.tmp")).doesNotExist();
        }
    }

    @Test
    void shouldReportAFullMapAndKeepWhatWasCommitted() {
        try (Backend small = LmdbBackend.open(directory.resolve("small"), 1 << 20, TABLES)) {
            try (WriteTxn txn = small.write()) {
                txn.put(FIRST, new byte[] {1}, new byte[1000]);
                txn.commit();
            }
            try (WriteTxn txn = small.write()) {
                assertThatThrownBy(() -> txn.put(FIRST, new byte[] {2}, new byte[2 << 20]))
                        .isInstanceOf(BackendException.class);
            }
            try (var txn = small.read()) {
                assertThat(txn.entries(FIRST)).isEqualTo(1);
            }
        }
    }

    @Test
    void shouldRefuseADamagedFile() throws Exception {
        Path damaged = directory.resolve("damaged");
        Files.createDirectories(damaged);
        Files.write(
                damaged.resolve("data.mdb"),
                "this is not a database".repeat(1000).getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> LmdbBackend.open(damaged, 1L << 30, TABLES)).isInstanceOf(BackendException.class);
    }
}
