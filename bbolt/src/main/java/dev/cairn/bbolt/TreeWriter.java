package dev.cairn.bbolt;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One tree from its leaves up. A full page is written at once, and its first key goes into the page above; so there is one page in
 * memory for each level. Confined to its owner.
 */
final class TreeWriter {
    private final PageOutput output;
    private final List<Level> levels = new ArrayList<>();

    TreeWriter(PageOutput output) {
        this.output = output;
        levels.add(new Level(BoltFormat.LEAF));
    }

    /** The page of one level that is being filled. */
    private final class Level {
        private static final int ELEMENTS_AT_FIRST = 64;

        final PageFill fill;
        private final int flags;

        /** What an element says in front: flags and value's length in a leaf, the child's page in a branch. */
        private long[] heads = new long[ELEMENTS_AT_FIRST];

        private int[] keyLengths = new int[ELEMENTS_AT_FIRST];
        private int[] valueLengths = new int[ELEMENTS_AT_FIRST];
        private ByteBuffer contents;
        private byte @Nullable [] firstKey;

        Level(int flags) {
            this.flags = flags;
            this.fill =
                    flags == BoltFormat.LEAF ? PageFill.leaf(output.pageSize()) : PageFill.branch(output.pageSize());
            this.contents = BoltFormat.buffer(output.pageSize());
        }

        void add(long head, byte[] key, ByteBuffer value) {
            int at = fill.count();
            if (at == 0) {
                firstKey = key;
            }
            if (at == heads.length) {
                heads = Arrays.copyOf(heads, 2 * at);
                keyLengths = Arrays.copyOf(keyLengths, 2 * at);
                valueLengths = Arrays.copyOf(valueLengths, 2 * at);
            }
            heads[at] = head;
            keyLengths[at] = key.length;
            valueLengths[at] = value.remaining();
            int wanted = Math.addExact(contents.position(), Math.addExact(key.length, value.remaining()));
            if (wanted > contents.capacity()) {
                contents = BoltFormat.buffer(wanted).put(contents.flip());
            }
            contents.put(key).put(value.duplicate());
            fill.add((long) key.length + valueLengths[at]);
        }

        byte[] firstKey() {
            byte[] key = firstKey;
            if (key == null) {
                throw new IllegalStateException("an empty page has no first key");
            }
            return key;
        }

        /** The page, filled up with zeros to the length. */
        ByteBuffer encode(long id, int overflow, int length) {
            ByteBuffer page = BoltFormat.buffer(length);
            int count = fill.count();
            BoltFormat.putPageHeader(page, id, flags, count, overflow);
            int content = BoltFormat.PAGE_HEADER_BYTES + count * BoltFormat.ELEMENT_BYTES;
            for (int i = 0; i < count; i++) {
                int position = content - page.position();
                if (flags == BoltFormat.LEAF) {
                    page.putInt((int) heads[i])
                            .putInt(position)
                            .putInt(keyLengths[i])
                            .putInt(valueLengths[i]);
                } else {
                    page.putInt(position).putInt(keyLengths[i]).putLong(heads[i]);
                }
                content += keyLengths[i] + valueLengths[i];
            }
            page.put(contents.duplicate().flip());
            return page.clear();
        }

        void clear() {
            fill.clear();
            firstKey = null;
            // One long value must not cost its memory for the rest of the tree.
            contents =
                    contents.capacity() > output.pageSize() ? BoltFormat.buffer(output.pageSize()) : contents.clear();
        }
    }

    /** The next element of the leaves. */
    void add(int flags, byte[] key, ByteBuffer value) throws IOException {
        add(0, flags, key, value);
    }

    private void add(int at, long head, byte[] key, ByteBuffer value) throws IOException {
        if (at == levels.size()) {
            levels.add(new Level(BoltFormat.BRANCH));
        }
        Level level = levels.get(at);
        if (!level.fill.takes((long) key.length + value.remaining())) {
            flush(at);
        }
        level.add(head, key, value);
    }

    private void flush(int at) throws IOException {
        Level level = levels.get(at);
        byte[] firstKey = level.firstKey();
        long page = write(level);
        level.clear();
        add(at + 1, page, firstKey, ByteBuffer.allocate(0));
    }

    private long write(Level level) throws IOException {
        long page = output.nextPage();
        int pages = Math.toIntExact(level.fill.pages());
        output.write(level.encode(page, pages - 1, Math.multiplyExact(pages, output.pageSize())));
        return page;
    }

    /** The page to be put into the parent; null when the tree is too big for that. */
    @Nullable
    ByteBuffer inlinePage() {
        Level leaf = levels.get(0);
        return levels.size() == 1 && leaf.fill.isInline() ? leaf.encode(0, 0, (int) leaf.fill.bytes()) : null;
    }

    /** Writes what is still being filled; answers the page of the root. */
    long finish() throws IOException {
        for (int at = 0; at < levels.size() - 1; at++) {
            flush(at);
        }
        return write(levels.get(levels.size() - 1));
    }
}
