package dev.cairn.mvcc.backend.lmdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendContractTest;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
