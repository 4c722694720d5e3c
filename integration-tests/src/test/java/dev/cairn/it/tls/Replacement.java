package dev.cairn.it.tls;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** How a file is exchanged while a server uses it. */
public enum Replacement {
    /** Written aside and renamed: readers see the old file or the new one. */
    ATOMIC,
    /** Written over: readers may see half of it. */
    IN_PLACE;

    /** @param between runs while the file is neither the old nor the new one, if there is such a time */
    public void replace(Path file, String content, Runnable between) throws IOException {
        replace(file, content.getBytes(StandardCharsets.US_ASCII), between);
    }

    /** As the other one. */
    public void replace(Path file, byte[] content, Runnable between) throws IOException {
        if (this == ATOMIC) {
            Path aside = file.resolveSibling(file.getFileName() + ".new");
            Files.write(aside, content);
            Files.move(aside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        try (OutputStream out = Files.newOutputStream(file)) {
            between.run();
            out.write(content, 0, content.length / 2);
            between.run();
            out.write(content, content.length / 2, content.length - content.length / 2);
        }
    }
}
