package dev.cairn.mvcc.backend.lmdb;

import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.TableRef;
import java.nio.file.Path;
import java.util.List;

/** A backend in one LMDB environment. */
public final class LmdbBackend {
    private LmdbBackend() {}

    public static Backend open(Path directory, long mapBytes, List<TableRef> tables) {
        throw new UnsupportedOperationException(directory + " " + mapBytes + tables);
    }
}
