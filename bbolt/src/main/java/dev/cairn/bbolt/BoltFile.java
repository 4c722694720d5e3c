package dev.cairn.bbolt;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * A database file that is read. Nobody may write to it meanwhile: bbolt's own locks are not taken. Thread-safe.
 *
 * <p><b>What is checked.</b> {@link #open}: one sound meta, a possible page size, a file that is as long as the meta says.
 * Whenever a page is entered: its number, kind and length. Whenever an element is read: that it lies in its page. Whenever a
 * cursor moves: that keys ascend, over all pages, and are where the branch pages say. Since every page must bring a greater key,
 * pages that lead to each other in a circle cannot be walked for ever. {@link #check} walks through everything.
 */
public final class BoltFile implements AutoCloseable {
    /** The longest value that is read unless the caller says otherwise: far above what any etcd takes in one request. */
    public static final int VALUE_BYTES_MAX = 512 << 20;

    private final Path path;
    private final FileChannel channel;
    private final int valueBytesMax;
    private final long fileBytes;
    private final BoltMeta meta;

    private BoltFile(Path path, FileChannel channel, int valueBytesMax) throws IOException {
        this.path = path;
        this.channel = channel;
        this.valueBytesMax = valueBytesMax;
        this.fileBytes = channel.size();
        this.meta = readMeta();
    }

    /**
     * Opens a file for reading.
     *
     * @throws BoltException when it is none of bbolt's, or cut off
     */
    public static BoltFile open(Path path) throws IOException {
        return open(path, VALUE_BYTES_MAX);
    }

    /** As {@link #open(Path)}; longer values than {@code valueBytesMax} count as damage. */
    public static BoltFile open(Path path, int valueBytesMax) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        try {
            return new BoltFile(path, channel, valueBytesMax);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private BoltMeta readMeta() throws IOException {
        BoltMeta first = metaAt(0);
        BoltMeta second = null;
        if (first != null) {
            second = metaAt(first.pageSize());
        } else {
            // Where the second one stands depends on the page size, which is not known without the first one.
            for (int size = BoltFormat.PAGE_BYTES_MIN; size <= BoltFormat.PAGE_BYTES_MAX && second == null; size *= 2) {
                second = metaAt(size);
            }
        }
        BoltMeta newest =
                second == null || (first != null && Long.compareUnsigned(first.transaction(), second.transaction()) > 0)
                        ? first
                        : second;
        if (newest == null) {
            throw damaged(0, 0, "neither meta page is sound; this is no database, or not one that can be read");
        }
        long highWater = newest.highWater();
        if (highWater <= BoltFormat.FIRST_PAGE || highWater > fileBytes / newest.pageSize()) {
            throw damaged(
                    0,
                    fileBytes,
                    "the file has " + fileBytes + " bytes, expected " + Long.toUnsignedString(highWater) + " pages of "
                            + newest.pageSize() + " bytes; it is cut off");
        }
        return newest;
    }

    private @Nullable BoltMeta metaAt(long offset) throws IOException {
        int wanted = BoltFormat.PAGE_HEADER_BYTES + BoltFormat.META_BYTES;
        if (offset + wanted > fileBytes) {
            return null;
        }
        ByteBuffer page = BoltFormat.buffer(wanted);
        read(offset, page, 0);
        BoltMeta found = BoltMeta.decode(page.flip());
        boolean possible =
                found != null && BoltFormat.isPageSize(found.pageSize()) && (offset == 0 || offset == found.pageSize());
        return possible ? found : null;
    }

    /** The bucket that holds all others. */
    public BoltBucket root() {
        return BoltBucket.root(this, meta.root());
    }

    /**
     * Walks through all buckets and all pages: every page below the high water is in exactly one tree or free.
     *
     * @throws BoltException for the first page that is wrong
     */
    public void check() throws IOException {
        BoltCheck.run(this);
    }

    /** The free pages that are listed; null when the file keeps no list. */
    @Nullable
    BitSet freePages() throws IOException {
        return meta.freelist() == BoltFormat.NO_FREELIST
                ? null
                : Page.at(this, meta.freelist()).freePages(highWater());
    }

    public int pageSize() {
        return meta.pageSize();
    }

    /** The bytes that were ever in use; what follows in the file is not part of the database. */
    public long sizeBytes() {
        return meta.highWater() * meta.pageSize();
    }

    long highWater() {
        return meta.highWater();
    }

    long freelistPage() {
        return meta.freelist();
    }

    int valueBytesMax() {
        return valueBytesMax;
    }

    /** Fills what remains of the buffer from the file. */
    void read(long offset, ByteBuffer to, long page) throws IOException {
        long at = offset;
        while (to.hasRemaining()) {
            int count = channel.read(to, at);
            if (count < 0) {
                throw damaged(page, at, "the file ends here");
            }
            at += count;
        }
    }

    BoltException damaged(long page, long offset, String problem) {
        return new BoltException(path, page, offset, problem);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
