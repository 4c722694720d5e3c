package dev.cairn.server.backup.archive;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.RevisionTail;
import dev.cairn.server.backup.archive.BackupDirectory.Segment;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the newest line in a directory ends. Immutable.
 *
 * @param revision everything up to it is archived, sound as far as it was read here
 * @param lastRows the newest rows of the line, to be compared with a store
 */
public record ArchiveEnd(long line, long revision, List<RevisionTail.Row> lastRows) {
    /** As many rows are compared. */
    private static final int ROWS_MAX = 256;

    /** Finds it; null when there is no segment that could be read. */
    public static @Nullable ArchiveEnd find(BackupDirectory directory) throws IOException {
        List<Segment> segments = directory.segments();
        Segment newest = segments.stream()
                .max(Comparator.comparingLong(Segment::created).thenComparing(Segment::after))
                .orElse(null);
        if (newest == null) {
            return null;
        }
        long line = newest.line();
        List<Segment> latestFirst = segments.stream()
                .filter(segment -> segment.line() == line)
                .sorted(Comparator.comparingLong(Segment::after).reversed())
                .toList();
        ArchiveEnd end = new ArchiveEnd(line, -1, List.of());
        for (Segment segment : latestFirst) {
            // An earlier segment seldom reaches further than a later one, and to see that it does not is cheap.
            if (estimate(segment) > end.revision) {
                ArchiveEnd other = of(segment);
                if (other.revision > end.revision) {
                    end = other;
                }
            }
        }
        return end.revision < 0 ? null : end;
    }

    private static long estimate(Segment segment) throws IOException {
        try (SegmentReader reader = SegmentReader.skimming(segment)) {
            for (Group group = reader.next(); group != null; group = reader.next()) {
                // The reader keeps what is asked for.
            }
            return reader.header() == null ? -1 : reader.complete();
        }
    }

    private static ArchiveEnd of(Segment segment) throws IOException {
        try (SegmentReader reader = SegmentReader.open(segment)) {
            Deque<RevisionTail.Row> last = new ArrayDeque<>();
            for (Group group = reader.next(); group != null; group = reader.next()) {
                for (RevisionTail.Row row : group.rows()) {
                    if (last.size() == ROWS_MAX) {
                        last.removeFirst();
                    }
                    last.addLast(row);
                }
            }
            long complete = reader.complete();
            last.removeIf(row -> row.revision().main() > complete);
            return new ArchiveEnd(segment.line(), reader.header() == null ? -1 : complete, List.copyOf(last));
        }
    }

    /** Whether the store holds the same at the end of the line, as far as it was not compacted. */
    public boolean isContinuedBy(MvccStore store) {
        for (RevisionTail.Row row : lastRows) {
            ByteString held = store.keyValueAt(row.revision());
            if (held != null && !held.equals(row.keyValue())) {
                return false;
            }
        }
        return true;
    }
}
