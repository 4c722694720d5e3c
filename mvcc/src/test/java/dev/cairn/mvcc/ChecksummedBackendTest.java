package dev.cairn.mvcc;

import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendContractTest;
import dev.cairn.mvcc.backend.lmdb.LmdbBackend;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** With checksums a backend does what it does without; what becomes of damage is in {@link DamagedStoreTest}. */
class ChecksummedBackendTest extends BackendContractTest {
    @TempDir
    Path directory;

    @Override
    protected Backend open() {
        return new ChecksummedBackend(
                LmdbBackend.open(directory, 1L << 30, TABLES), TABLES, new StoreFailure(failure -> {}));
    }
}
