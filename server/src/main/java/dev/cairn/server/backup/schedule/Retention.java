package dev.cairn.server.backup.schedule;

import dev.cairn.server.backup.archive.BackupDirectory;
import dev.cairn.server.backup.archive.BackupDirectory.Full;
import dev.cairn.server.backup.archive.BackupDirectory.Segment;
import dev.cairn.server.backup.archive.Group;
import dev.cairn.server.backup.archive.SegmentReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What may go. Stateless. Only called behind a full backup that was verified just now, which is the newest and never goes.
 *
 * <p>The newest full backups stay, as many as are wanted; older ones go, and segments that lead nowhere any more: those that end at or before the
 * oldest backup of their line that stays, and those of lines without one; in both cases only what was archived before the oldest backup that
 * stays, as a line that has just begun has no full backup yet. Files with other names than those of {@link BackupDirectory} are not looked at.
 */
final class Retention {
    private Retention() {}

    /**
     * Removes what is too old.
     *
     * @param kept how many full backups stay; 0 for all
     * @param inUse the segment that is being written
     * @return the files that were removed
     */
    static List<Path> apply(BackupDirectory directory, long kept, @Nullable Path inUse) throws IOException {
        List<Full> fulls = directory.fulls();
        if (kept == 0 || fulls.size() <= kept) {
            return List.of();
        }
        int first = (int) (fulls.size() - kept);
        List<Path> removed = new ArrayList<>();
        for (Full old : fulls.subList(0, first)) {
            Files.deleteIfExists(old.file());
            removed.add(old.file());
        }
        List<Full> staying = fulls.subList(first, fulls.size());
        for (Segment segment : directory.segments()) {
            if (!segment.file().equals(inUse) && isOfNoUse(segment, staying)) {
                Files.deleteIfExists(segment.file());
                removed.add(segment.file());
            }
        }
        BackupDirectory.sync(directory.path());
        return removed;
    }

    private static boolean isOfNoUse(Segment segment, List<Full> staying) throws IOException {
        long oldest = staying.stream()
                .filter(full -> full.line().isPresent() && full.line().getAsLong() == segment.line())
                .mapToLong(Full::revision)
                .min()
                .orElse(Long.MAX_VALUE);
        if (segment.after() > oldest) {
            return false;
        }
        Instant since = staying.get(0).time();
        if (!Instant.ofEpochMilli(segment.created()).isBefore(since)) {
            return false;
        }
        try (SegmentReader reader = SegmentReader.open(segment)) {
            long newest = segment.created();
            for (Group group = reader.next(); group != null; group = reader.next()) {
                newest = Math.max(newest, group.time());
            }
            return reader.complete() <= oldest && Instant.ofEpochMilli(newest).isBefore(since);
        }
    }
}
