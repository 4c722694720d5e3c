package dev.cairn.bbolt;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * One page with its overflow, or the page inside the value of an inline bucket. Confined to one thread.
 *
 * <p>A page of usual length is read as a whole; of longer ones only windows are, so that a page that claims to reach to the end of
 * the file costs no more memory than another. Every length in it is checked against the page's end, in 64 bits.
 */
final class Page {
    private static final int WINDOW_BYTES = 64 << 10;

    private final BoltFile file;
    private final long id;
    private final long start;
    private final long length;
    private final int flags;
    private final int count;
    private final int overflow;

    // Two windows, as elements stand in front and what they point to behind.
    private final Window elements = new Window();
    private final Window contents = new Window();

    /** Of an inline page, the whole of it; its bytes stand in the file too, but it was read already. */
    private final @Nullable ByteBuffer inline;

    private final class Window {
        private @Nullable ByteBuffer bytes;
        private long from;

        /** Bytes of the page; valid until the next call. The caller has seen to it that they are inside. */
        ByteBuffer at(long position, int wanted) throws IOException {
            ByteBuffer whole = inline;
            if (whole != null) {
                return slice(whole, (int) position, wanted);
            }
            ByteBuffer held = bytes;
            if (held == null || position < from || position + wanted > from + held.limit()) {
                from = length <= WINDOW_BYTES ? 0 : position;
                int size = (int) Math.min(length - from, Math.max(wanted, WINDOW_BYTES));
                held = held == null || held.capacity() < size
                        ? BoltFormat.buffer(size)
                        : held.clear().limit(size);
                file.read(start + from, held, id);
                held.flip();
                bytes = held;
            }
            return slice(held, (int) (position - from), wanted);
        }

        private static ByteBuffer slice(ByteBuffer of, int position, int length) {
            return of.slice(position, length).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    private Page(BoltFile file, long id, long start, long available, @Nullable ByteBuffer inline) throws IOException {
        this.file = file;
        this.id = id;
        this.start = start;
        this.inline = inline;
        ByteBuffer header = inline;
        if (header == null) {
            header = BoltFormat.buffer(BoltFormat.PAGE_HEADER_BYTES);
            file.read(start, header, id);
        }
        this.flags = header.getShort(8) & 0xFFFF;
        this.count = header.getShort(10) & 0xFFFF;
        if (inline != null) {
            this.overflow = 0;
            this.length = available;
            return;
        }
        long writtenId = header.getLong(0);
        if (writtenId != id) {
            throw damaged(0, "the page calls itself page " + Long.toUnsignedString(writtenId));
        }
        long further = header.getInt(12) & 0xFFFFFFFFL;
        if (further > available - 1) {
            throw damaged(12, "the page goes on for " + further + " pages, " + (available - 1) + " are left");
        }
        this.overflow = (int) further;
        this.length = (further + 1) * file.pageSize();
    }

    /** Reads the head of a page that something refers to. */
    static Page at(BoltFile file, long id) throws IOException {
        if (id < BoltFormat.FIRST_PAGE || id >= file.highWater()) {
            throw file.damaged(
                    id, 0, "there is no such page: the file has " + file.highWater() + " pages, the first 2 are metas");
        }
        return new Page(file, id, id * file.pageSize(), file.highWater() - id, null);
    }

    /**
     * The page inside an inline bucket.
     *
     * @param id the page that holds the bucket
     * @param start where in the file the inner page begins
     */
    static Page inline(BoltFile file, long id, long start, ByteBuffer bytes) throws IOException {
        if (bytes.remaining() < BoltFormat.PAGE_HEADER_BYTES) {
            throw file.damaged(id, start, "an inline bucket of " + bytes.remaining() + " bytes has no page header");
        }
        ByteBuffer whole = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        Page page = new Page(file, id, start, whole.capacity(), whole);
        if (page.flags != BoltFormat.LEAF) {
            throw page.damaged(8, "an inline page has flags " + page.flags + ", expected " + BoltFormat.LEAF);
        }
        page.checkElements();
        return page;
    }

    /** Checks that the page can be part of a tree; an empty one can only be its root. */
    void checkTree(boolean root) throws IOException {
        if (flags != BoltFormat.LEAF && flags != BoltFormat.BRANCH) {
            throw damaged(8, "the page has flags " + flags + ", expected those of a leaf or a branch");
        }
        if (count == 0 && !(root && isLeaf())) {
            throw damaged(10, "the page is empty");
        }
        checkElements();
    }

    private void checkElements() throws IOException {
        if (BoltFormat.PAGE_HEADER_BYTES + (long) count * BoltFormat.ELEMENT_BYTES > length) {
            throw damaged(10, "the page of " + length + " bytes has no room for " + count + " elements");
        }
    }

    long id() {
        return id;
    }

    int overflow() {
        return overflow;
    }

    boolean isInline() {
        return inline != null;
    }

    boolean isLeaf() {
        return flags == BoltFormat.LEAF;
    }

    int count() {
        return count;
    }

    private static long elementAt(int index) {
        return BoltFormat.PAGE_HEADER_BYTES + (long) index * BoltFormat.ELEMENT_BYTES;
    }

    private static long unsigned(ByteBuffer from, int at) {
        return from.getInt(at) & 0xFFFFFFFFL;
    }

    /** Where the key of the element and what follows it stand. */
    private record Place(long key, int keyBytes, long valueBytes) {
        long value() {
            return key + keyBytes;
        }
    }

    private Place place(int index) throws IOException {
        long element = elementAt(index);
        ByteBuffer bytes = elements.at(element, BoltFormat.ELEMENT_BYTES);
        long position = unsigned(bytes, isLeaf() ? 4 : 0);
        long keyBytes = unsigned(bytes, isLeaf() ? 8 : 4);
        long valueBytes = isLeaf() ? unsigned(bytes, 12) : 0;
        if (keyBytes < 1 || keyBytes > BoltFormat.KEY_BYTES_MAX) {
            throw damaged(
                    element,
                    "the key of element " + index + " has " + keyBytes + " bytes, expected 1 to "
                            + BoltFormat.KEY_BYTES_MAX);
        }
        if (position < BoltFormat.ELEMENT_BYTES || element + position + keyBytes + valueBytes > length) {
            throw damaged(
                    element,
                    "element " + index + " (key of " + keyBytes + " bytes, value of " + valueBytes + " bytes, "
                            + position + " bytes on) is not inside its page of " + length + " bytes");
        }
        return new Place(element + position, (int) keyBytes, valueBytes);
    }

    byte[] key(int index) throws IOException {
        Place place = place(index);
        byte[] key = new byte[place.keyBytes()];
        contents.at(place.key(), key.length).get(key);
        return key;
    }

    /** The page that a branch element refers to. */
    long child(int index) throws IOException {
        return elements.at(elementAt(index), BoltFormat.ELEMENT_BYTES).getLong(8);
    }

    boolean isBucket(int index) throws IOException {
        int elementFlags =
                elements.at(elementAt(index), BoltFormat.ELEMENT_BYTES).getInt(0);
        if ((elementFlags & ~BoltFormat.ELEMENT_IS_BUCKET) != 0) {
            throw damaged(elementAt(index), "element " + index + " has flags " + Integer.toHexString(elementFlags));
        }
        return elementFlags != 0;
    }

    byte[] value(int index) throws IOException {
        Place place = place(index);
        if (place.valueBytes() > file.valueBytesMax()) {
            throw damaged(
                    elementAt(index),
                    "the value of element " + index + " has " + place.valueBytes() + " bytes, expected at most "
                            + file.valueBytesMax());
        }
        byte[] value = new byte[(int) place.valueBytes()];
        if (inline == null && value.length > WINDOW_BYTES) {
            file.read(start + place.value(), ByteBuffer.wrap(value), id);
        } else {
            contents.at(place.value(), value.length).get(value);
        }
        return value;
    }

    /** Where in the file the value of the element begins. */
    long valueOffset(int index) throws IOException {
        return start + place(index).value();
    }

    /** What the page says if it is the list of free pages. */
    BitSet freePages(long highWater) throws IOException {
        if (flags != BoltFormat.FREELIST) {
            throw damaged(8, "the list of free pages has flags " + flags + ", expected " + BoltFormat.FREELIST);
        }
        long first = 0;
        long entries = count;
        if (count == BoltFormat.COUNT_IN_FIRST_ENTRY) {
            first = 1;
            entries = freelistEntry(0);
        }
        if (entries < 0 || entries > (length - BoltFormat.PAGE_HEADER_BYTES) / Long.BYTES - first) {
            throw damaged(10, "the list of free pages has no room for " + Long.toUnsignedString(entries) + " entries");
        }
        BitSet free = new BitSet();
        long last = BoltFormat.FIRST_PAGE - 1;
        for (long i = first; i < first + entries; i++) {
            long page = freelistEntry(i);
            if (page <= last || page >= highWater) {
                throw damaged(
                        BoltFormat.PAGE_HEADER_BYTES + i * Long.BYTES,
                        "page " + Long.toUnsignedString(page) + " is listed as free after page " + last);
            }
            free.set(Math.toIntExact(page));
            last = page;
        }
        return free;
    }

    private long freelistEntry(long index) throws IOException {
        return elements.at(BoltFormat.PAGE_HEADER_BYTES + index * Long.BYTES, Long.BYTES)
                .getLong(0);
    }

    /** @param position where in the page */
    BoltException damaged(long position, String problem) {
        return file.damaged(id, start + position, problem);
    }

    BoltException damagedElement(int index, String problem) {
        return damaged(elementAt(index), problem);
    }
}
