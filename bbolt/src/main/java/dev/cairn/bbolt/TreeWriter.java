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
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

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
        private byte @Nullable [] lastKey;

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
            lastKey = key;
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

        /** Takes the child back that was added last to a branch; answers its key. */
        byte[] removeLast() {
            byte[] key = lastKey;
            if (key == null) {
                throw new IllegalStateException("an empty page has no last key");
            }
            fill.remove(key.length);
            contents.position(contents.position() - key.length);
            return key;
        }

        /** What the element at an index says in front, also after it was taken back. */
        long head(int index) {
            return heads[index];
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
            lastKey = null;
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
            flushFull(at);
        }
        level.add(head, key, value);
    }

    /** Writes a full page; see {@link PageFill} for what stays of a branch. */
    private void flushFull(int at) throws IOException {
        if (at == 0) {
            flush(at);
            return;
        }
        Level level = levels.get(at);
        byte[] kept = level.removeLast();
        long head = level.head(level.fill.count());
        flush(at);
        level.add(head, kept, NOTHING);
    }

    private void flush(int at) throws IOException {
        Level level = levels.get(at);
        byte[] firstKey = level.firstKey();
        long page = write(level);
        level.clear();
        add(at + 1, page, firstKey, NOTHING);
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
