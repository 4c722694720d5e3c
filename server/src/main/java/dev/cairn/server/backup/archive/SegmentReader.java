package dev.cairn.server.backup.archive;

import dev.cairn.mvcc.Revision;
import dev.cairn.server.backup.archive.ArchiveFormat.FormatException;
import dev.cairn.server.backup.archive.ArchiveFormat.GroupHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads one segment, group after group, and trusts nothing in it. Confined to one thread. In memory is one group, which is no longer than the file.
 *
 * <p>Reading ends at the end of the file or before the first byte that is wrong; {@link #flaw} tells which. What was handed over before is sound:
 * every group has its checksum, its number and its place.
 */
public final class SegmentReader implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;
    private final boolean bodies;
    private final long fileBytes;
    private @Nullable SegmentHeader header;
    private long offset;
    private long number;
    private long complete;
    private @Nullable Revision last;
    private @Nullable ArchiveException flaw;

    private SegmentReader(BackupDirectory.Segment segment, FileChannel channel, boolean bodies) throws IOException {
        this.file = segment.file();
        this.channel = channel;
        this.bodies = bodies;
        this.fileBytes = channel.size();
        this.complete = segment.after();
        ByteBuffer bytes = read(ArchiveFormat.HEADER_BYTES);
        if (bytes == null) {
            return;
        }
        try {
            SegmentHeader found = ArchiveFormat.segmentHeader(bytes);
            if (found.after() != segment.after()
                    || found.line() != segment.line()
                    || found.member() != segment.member()
                    || found.created() != segment.created()) {
                throw new FormatException("the segment is not the one that its name tells");
            }
            header = found;
            offset = ArchiveFormat.HEADER_BYTES;
        } catch (FormatException e) {
            flaw = wrong(e);
        }
    }

    /** Opens a segment; a header that is damaged is a {@link #flaw} as well. */
    public static SegmentReader open(BackupDirectory.Segment segment) throws IOException {
        return open(segment, true);
    }

    /** Reads where groups end but not what is in them: quick, and no more than an estimate. */
    static SegmentReader skimming(BackupDirectory.Segment segment) throws IOException {
        return open(segment, false);
    }

    private static SegmentReader open(BackupDirectory.Segment segment, boolean bodies) throws IOException {
        FileChannel channel = FileChannel.open(segment.file(), StandardOpenOption.READ);
        try {
            return new SegmentReader(segment, channel, bodies);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** What the segment begins with; null when that is damaged. */
    public @Nullable SegmentHeader header() {
        return header;
    }

    /** The next group; null behind the last one that can be used. */
    public @Nullable Group next() throws IOException {
        if (flaw != null || offset == fileBytes) {
            return null;
        }
        ByteBuffer head = read(ArchiveFormat.GROUP_BYTES);
        if (head == null) {
            return null;
        }
        try {
            GroupHeader group = ArchiveFormat.groupHeader(head);
            if (group.number() != number) {
                throw new FormatException("group " + group.number() + ", expected " + number);
            }
            if (group.complete() < complete) {
                throw new FormatException("the group ends at revision " + group.complete() + ", behind " + complete);
            }
            Group found = bodies ? body(group) : skim(group);
            if (found == null) {
                return null;
            }
            offset += ArchiveFormat.GROUP_BYTES + group.bodyBytes();
            number++;
            complete = group.complete();
            return found;
        } catch (FormatException e) {
            flaw = wrong(e);
            return null;
        }
    }

    private @Nullable Group skim(GroupHeader group) {
        if (offset + ArchiveFormat.GROUP_BYTES + group.bodyBytes() > fileBytes) {
            flaw = torn();
            return null;
        }
        return new Group(group.time(), group.complete(), List.of(), List.of());
    }

    private @Nullable Group body(GroupHeader group) throws IOException, FormatException {
        ByteBuffer body = readAt(offset + ArchiveFormat.GROUP_BYTES, group.bodyBytes());
        if (body == null) {
            return null;
        }
        Revision before = last == null ? new Revision(complete, Integer.MAX_VALUE) : last;
        Group found = ArchiveFormat.group(group, body, before);
        if (!found.rows().isEmpty()) {
            last = found.rows().get(found.rows().size() - 1).revision();
        }
        // A revision that goes on is the only one behind what is complete.
        if (last != null && last.main() > found.complete() && !onlyOneBehind(found)) {
            throw new FormatException("rows behind revision " + found.complete() + ", with which the group ends");
        }
        return found;
    }

    private static boolean onlyOneBehind(Group group) {
        return group.rows().stream()
                        .mapToLong(row -> row.revision().main())
                        .filter(main -> main > group.complete())
                        .distinct()
                        .count()
                <= 1;
    }

    /** Every revision up to here is in what has been handed over, as far as it is behind the segment's beginning. */
    public long complete() {
        return complete;
    }

    /** What ended the reading before the end of the file; null when nothing did. */
    public @Nullable ArchiveException flaw() {
        return flaw;
    }

    private @Nullable ByteBuffer read(int length) throws IOException {
        return readAt(offset, length);
    }

    private @Nullable ByteBuffer readAt(long at, int length) throws IOException {
        if (at + length > fileBytes) {
            flaw = torn();
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at + bytes.position()) < 0) {
                flaw = torn();
                return null;
            }
        }
        return bytes.flip();
    }

    private ArchiveException torn() {
        return new ArchiveException(file, offset, "the file ends within what begins here");
    }

    private ArchiveException wrong(FormatException problem) {
        return new ArchiveException(file, offset, String.valueOf(problem.getMessage()));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
