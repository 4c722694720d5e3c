package dev.cairn.bbolt;

import java.io.IOException;
import java.nio.file.Path;

/** The file is not what bbolt writes, or less than the whole of it. Nothing that was read from it should be used. */
public final class BoltException extends IOException {
    private static final long serialVersionUID = 1;

    private final long page;
    private final long offset;

    BoltException(Path file, long page, long offset, String problem) {
        super(file + " is damaged at offset " + offset + " (page " + Long.toUnsignedString(page) + "): " + problem);
        this.page = page;
        this.offset = offset;
    }

    /** The page that is wrong, or was expected where the file ends. */
    public long page() {
        return page;
    }

    /** Where in the file the wrong bytes stand. */
    public long offset() {
        return offset;
    }
}
