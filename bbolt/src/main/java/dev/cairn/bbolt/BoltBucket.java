package dev.cairn.bbolt;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A bucket: ordered pairs, and buckets within. Thread-safe; cursors over it are not.
 *
 * <p>Buckets within each other are followed to a depth of {@link BoltFormat#NESTING_MAX}. Within that a damaged file may offer one
 * bucket under many names: who walks through nested buckets runs {@link BoltFile#check} first.
 */
public final class BoltBucket {
    private final BoltFile file;
    private final long rootPage;
    private final long sequence;
    private final int nesting;
    private final @Nullable Inline inline;

    private record Inline(long page, long offset, ByteBuffer bytes) {}

    private BoltBucket(BoltFile file, long rootPage, long sequence, int nesting, @Nullable Inline inline) {
        this.file = file;
        this.rootPage = rootPage;
        this.sequence = sequence;
        this.nesting = nesting;
        this.inline = inline;
    }

    static BoltBucket root(BoltFile file, long rootPage) {
        return new BoltBucket(file, rootPage, 0, 0, null);
    }

    /** The bucket within this one that a value of the page describes. */
    BoltBucket decode(Page page, int index) throws IOException {
        if (nesting == BoltFormat.NESTING_MAX) {
            throw page.damagedElement(index, "buckets are nested more than " + nesting + " deep");
        }
        byte[] value = page.value(index);
        if (value.length < BoltFormat.BUCKET_BYTES) {
            throw page.damagedElement(index, "a bucket is described by " + value.length + " bytes");
        }
        ByteBuffer header = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        long root = header.getLong(0);
        Inline inline = null;
        if (root == 0) {
            inline = new Inline(
                    page.id(),
                    page.valueOffset(index) + BoltFormat.BUCKET_BYTES,
                    header.slice(BoltFormat.BUCKET_BYTES, value.length - BoltFormat.BUCKET_BYTES));
        }
        return new BoltBucket(file, root, header.getLong(8), nesting + 1, inline);
    }

    Page openRoot() throws IOException {
        return inline != null
                ? Page.inline(file, inline.page(), inline.offset(), inline.bytes())
                : Page.at(file, rootPage);
    }

    BoltFile file() {
        return file;
    }

    /** The number that applications may draw from the bucket; etcd does not. */
    public long sequence() {
        return sequence;
    }

    /** A walk over all pairs and buckets in key order, before the first one. */
    public BoltCursor cursor() {
        return new BoltCursor(this, page -> {});
    }

    BoltCursor cursor(BoltCursor.PageListener pages) {
        return new BoltCursor(this, pages);
    }

    /** The value of a key; null when there is none, or it is a bucket's name. */
    public byte @Nullable [] get(byte[] key) throws IOException {
        BoltCursor cursor = cursor();
        return cursor.seek(key) && cursor.isAt(key) && !cursor.isBucket() ? cursor.value() : null;
    }

    /** The bucket with a name; null when there is none. */
    public @Nullable BoltBucket bucket(byte[] name) throws IOException {
        BoltCursor cursor = cursor();
        return cursor.seek(name) && cursor.isAt(name) && cursor.isBucket() ? cursor.bucket() : null;
    }

    /** The bucket with a name; null when there is none. */
    public @Nullable BoltBucket bucket(String name) throws IOException {
        return bucket(name.getBytes(StandardCharsets.UTF_8));
    }
}
