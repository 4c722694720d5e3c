package dev.cairn.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;

/**
 * Cuts a torn tail off. Stateless; the log must not be open.
 *
 * <p>A crash may leave part of the last batch on the disk. Nobody was told that the batch is durable, so it can go. The segment is kept
 * as {@code <name>.broken} first. Anything else that is wrong is not repaired but thrown as {@link WalException.Damaged}.
 */
public final class WalRepair {
    private WalRepair() {}

    /** Makes the log end where its last whole record ends; false if it does already. */
    public static boolean repair(Path directory) throws IOException {
        List<WalSegmentName> segments = WalDirectory.segments(directory);
        if (segments.isEmpty()) {
            throw new WalException.NotFound("there is no log in " + directory);
        }
        Path file = directory.resolve(segments.get(segments.size() - 1).fileName());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (!SegmentFile.lock(channel)) {
                throw new WalException.Locked(file);
            }
            long end = tornAt(file, channel);
            if (end < 0) {
                return false;
            }
            keep(file, channel);
            channel.truncate(end);
            channel.force(true);
            return true;
        }
    }

    /** Where the segment is torn; negative if it is whole. */
    private static long tornAt(Path file, FileChannel channel) throws IOException {
        SegmentScan scan = new SegmentScan(file, channel, new ChainedCrc(), true, true);
        try {
            while (scan.next()) {
                // The records are of no interest here.
            }
            return -1;
        } catch (WalException.Torn e) {
            return e.offset();
        }
    }

    /** Copies through the open channel: opening the file once more and closing it would give up the lock. */
    private static void keep(Path file, FileChannel channel) throws IOException {
        Path copy = file.resolveSibling(file.getFileName() + WalFormat.BROKEN_SUFFIX);
        Files.deleteIfExists(copy);
        try (FileChannel target =
                WalFiles.REAL.open(copy, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
            for (long at = 0; at < channel.size(); ) {
                at += channel.transferTo(at, channel.size() - at, target);
            }
            target.force(true);
        }
        WalFiles.syncParent(file);
    }
}
