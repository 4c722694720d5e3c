package dev.cairn.bbolt;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes a database front to back: the metas, then the buckets one after the other, each from its leaves up, and last the root
 * bucket, where the plan said it would be. Confined to one thread at a time.
 *
 * <p>Bucket names ascend, and keys within a bucket; what does not is refused with an {@link IllegalArgumentException}. Buckets hold pairs
 * only. No list of free pages is written, as there are none. After an exception the output is of no use.
 */
public final class BoltWriter {
    /** Both metas lead to the same root; the first one is the newer one. */
    private static final long TRANSACTION = 2;

    private final BoltPlan plan;
    private final PageOutput output;
    private final TreeWriter root;
    private @Nullable TreeWriter open;
    private byte @Nullable [] name;
    private byte @Nullable [] lastKey;

    /**
     * Writes the metas.
     *
     * @param out must take every byte it is given; is not closed
     * @param plan finished
     */
    public BoltWriter(WritableByteChannel out, BoltPlan plan) throws IOException {
        this.plan = plan;
        this.output = new PageOutput(out, plan.pageSize());
        this.root = new TreeWriter(output);
        for (long page = 0; page < BoltFormat.FIRST_PAGE; page++) {
            BoltMeta meta = new BoltMeta(
                    plan.pageSize(), plan.rootPage(), 0, BoltFormat.NO_FREELIST, plan.pages(), TRANSACTION - page);
            output.write(meta.encode(page));
        }
    }

    /** A bucket begins; its pairs follow. */
    public void bucket(byte[] bucketName) throws IOException {
        checkKey(bucketName.length);
        if (name != null && Arrays.compareUnsigned(bucketName, name) <= 0) {
            throw new IllegalArgumentException("buckets are not in order");
        }
        closeBucket();
        name = bucketName.clone();
        lastKey = null;
        open = new TreeWriter(output);
    }

    /** A pair of the bucket that began last. Reads what remains in the buffers and leaves them as they are. */
    public void pair(ByteBuffer key, ByteBuffer value) throws IOException {
        TreeWriter tree = open;
        if (tree == null) {
            throw new IllegalStateException("a pair before the first bucket");
        }
        checkKey(key.remaining());
        byte[] keyBytes = new byte[key.remaining()];
        key.duplicate().get(keyBytes);
        if (lastKey != null && Arrays.compareUnsigned(keyBytes, lastKey) <= 0) {
            throw new IllegalArgumentException("keys are not in order");
        }
        lastKey = keyBytes;
        tree.add(0, keyBytes, value);
    }

    private static void checkKey(int bytes) {
        if (bytes < 1 || bytes > BoltFormat.KEY_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a key of " + bytes + " bytes, expected 1 to " + BoltFormat.KEY_BYTES_MAX);
        }
    }

    private void closeBucket() throws IOException {
        TreeWriter tree = open;
        byte[] closing = name;
        open = null;
        if (tree == null || closing == null) {
            return;
        }
        ByteBuffer inline = tree.inlinePage();
        ByteBuffer described = BoltFormat.buffer(BoltFormat.BUCKET_BYTES + (inline == null ? 0 : inline.remaining()));
        described.putLong(inline == null ? tree.finish() : 0).putLong(0);
        if (inline != null) {
            described.put(inline);
        }
        root.add(BoltFormat.ELEMENT_IS_BUCKET, closing, described.flip());
    }

    /**
     * Writes what is left.
     *
     * @throws IllegalStateException when it was not what the plan had heard of; the output is of no use then
     */
    public void finish() throws IOException {
        closeBucket();
        long rootPage = root.finish();
        if (rootPage != plan.rootPage() || output.nextPage() != plan.pages()) {
            throw new IllegalStateException("the plan has " + plan.pages() + " pages and its root at " + plan.rootPage()
                    + ", " + output.nextPage() + " were written and the root at " + rootPage);
        }
    }
}
