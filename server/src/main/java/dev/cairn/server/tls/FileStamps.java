package dev.cairn.server.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. By what a change of files is noticed without reading them: time, size and identity of each. A missing file has a stamp
 * as well.
 */
final class FileStamps {
    /** Within this time after a change another one may leave the same stamp: clocks of file systems are coarse. */
    private static final long SETTLING_MILLIS = 2000;

    private record Stamp(
            @Nullable FileTime modified,
            long size,
            @Nullable Object identity) {}

    private final List<Stamp> stamps;
    private final boolean settled;

    private FileStamps(List<Stamp> stamps, boolean settled) {
        this.stamps = stamps;
        this.settled = settled;
    }

    static FileStamps of(List<Path> files) {
        List<Stamp> stamps = new ArrayList<>(files.size());
        boolean settled = true;
        long now = System.currentTimeMillis();
        for (Path file : files) {
            try {
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                stamps.add(new Stamp(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey()));
                settled &= now - attributes.lastModifiedTime().toMillis() > SETTLING_MILLIS;
            } catch (IOException e) {
                stamps.add(new Stamp(null, -1, null));
            }
        }
        return new FileStamps(stamps, settled);
    }

    /** Whether files that have the later stamps certainly hold what they held at these. */
    boolean covers(FileStamps later) {
        return settled && sameAs(later);
    }

    boolean sameAs(FileStamps other) {
        return Objects.equals(stamps, other.stamps);
    }
}
