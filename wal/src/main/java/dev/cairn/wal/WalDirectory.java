package dev.cairn.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The files of a log directory. Stateless; see {@link #purge} for what may run beside a writer. */
public final class WalDirectory {
    private WalDirectory() {}

    /** Whether there is a log here: etcd's sign that a member restarts. */
    public static boolean exists(Path directory) throws IOException {
        return Files.isDirectory(directory) && !segments(directory).isEmpty();
    }

    /** Whether the segments reach back to this index and none of them is missing since. */
    public static boolean isValid(Path directory, long index) throws IOException {
        try {
            segmentsFrom(directory, index);
            return true;
        } catch (WalException.NotFound e) {
            return false;
        }
    }

    /**
     * Removes the oldest segments until so many are left, and none that is in use. May run on any thread beside the writer.
     *
     * @param segmentsMax how many to keep; zero keeps all
     * @param firstHeldSequence what {@link WalWriter#firstHeldSequence} says. Segments from there on are not even opened,
     *     because closing them again would give up the writer's lock
     * @return the removed files, oldest first
     */
    public static List<Path> purge(Path directory, int segmentsMax, long firstHeldSequence) throws IOException {
        List<Path> removed = new ArrayList<>();
        if (segmentsMax == 0) {
            return removed;
        }
        List<WalSegmentName> segments = segments(directory);
        for (WalSegmentName segment : segments.subList(0, Math.max(0, segments.size() - segmentsMax))) {
            if (segment.sequence() >= firstHeldSequence || !removeUnlessLocked(directory.resolve(segment.fileName()))) {
                break;
            }
            removed.add(directory.resolve(segment.fileName()));
        }
        return removed;
    }

    /** All segments in order. */
    static List<WalSegmentName> segments(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.flatMap(file -> WalSegmentName.parse(file).stream())
                    .sorted()
                    .toList();
        }
    }

    /**
     * The segments that are needed to read the log behind an index: the last one that may hold the entry at the index, and all
     * after it.
     */
    static List<WalSegmentName> segmentsFrom(Path directory, long index) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new WalException.NotFound("there is no log directory " + directory);
        }
        List<WalSegmentName> all = segments(directory);
        int first = all.size() - 1;
        while (first >= 0 && all.get(first).firstIndex() > index) {
            first--;
        }
        if (first < 0) {
            throw new WalException.NotFound("log " + directory + " has no segment that reaches back to index " + index);
        }
        List<WalSegmentName> wanted = all.subList(first, all.size());
        for (int i = 1; i < wanted.size(); i++) {
            if (wanted.get(i).sequence() != wanted.get(i - 1).sequence() + 1) {
                throw new WalException.NotFound("log " + directory + " lacks the segment between "
                        + wanted.get(i - 1).fileName() + " and " + wanted.get(i).fileName());
            }
        }
        return wanted;
    }

    /** Removes segments that were prepared but never used. Only for whoever holds the log. */
    static void removeTemporaries(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                if (file.getFileName().toString().endsWith(WalFormat.TEMPORARY_SUFFIX)) {
                    Files.delete(file);
                }
            }
        }
    }

    private static boolean removeUnlessLocked(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            if (!SegmentFile.lock(channel)) {
                return false;
            }
            Files.delete(file);
            return true;
        } catch (NoSuchFileException e) {
            // Somebody else removed it.
            return false;
        }
    }
}
