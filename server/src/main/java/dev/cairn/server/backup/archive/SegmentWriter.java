package dev.cairn.server.backup.archive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Appends to one segment. Confined to one thread at a time. After an exception the segment is of no use to the writer any more: what is behind
 * the last {@link #sync} may be there or not, and is archived again in the next one.
 */
public final class SegmentWriter implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;
    private long number;
    private long bytes;

    private SegmentWriter(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Begins a segment in a directory that is prepared; durable, name and all, after the first {@link #sync}. */
    public static SegmentWriter create(BackupDirectory directory, SegmentHeader header) throws IOException {
        Path file = directory.segment(header);
        FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        SegmentWriter writer = new SegmentWriter(file, channel);
        try {
            writer.write(ArchiveFormat.encode(header));
            BackupDirectory.sync(directory.archive());
            return writer;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    public void append(Group group) throws IOException {
        write(ArchiveFormat.encode(group, number++));
    }

    private void write(ByteBuffer from) throws IOException {
        bytes += from.remaining();
        while (from.hasRemaining()) {
            channel.write(from);
        }
    }

    /** What was appended is durable when this returns. */
    public void sync() throws IOException {
        channel.force(false);
    }

    /** The length of the file. */
    public long bytes() {
        return bytes;
    }

    public Path file() {
        return file;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
