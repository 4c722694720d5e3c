package dev.cairn.server.backup.archive;

import java.io.IOException;
import java.nio.file.Path;

/** Something in a backup directory is not what was written there, or not what is needed; says where. */
public final class ArchiveException extends IOException {
    private static final long serialVersionUID = 1;

    public ArchiveException(String problem) {
        super(problem);
    }

    ArchiveException(Path file, long offset, String problem) {
        super(file + ": offset " + offset + ": " + problem);
    }
}
