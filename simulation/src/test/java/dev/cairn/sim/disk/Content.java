package dev.cairn.sim.disk;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The bytes of a file. Pages of zeros take no room. */
final class Content {
    private static final int PAGE = 4096;

    private final TreeMap<Long, byte[]> pages = new TreeMap<>();
    private long size;

    Content() {}

    Content(Content other) {
        other.pages.forEach((at, page) -> pages.put(at, page.clone()));
        size = other.size;
    }

    long size() {
        return size;
    }

    /** @param bytes null for zeros */
    void write(long at, byte @Nullable [] bytes, int from, int length) {
        int done = 0;
        while (done < length) {
            long page = (at + done) / PAGE;
            int offset = (int) ((at + done) % PAGE);
            int count = Math.min(PAGE - offset, length - done);
            if (bytes == null) {
                zero(page, offset, count);
            } else {
                byte[] into = pages.computeIfAbsent(page, number -> new byte[PAGE]);
                System.arraycopy(bytes, from + done, into, offset, count);
            }
            done += count;
        }
        size = Math.max(size, at + length);
    }

    private void zero(long page, int offset, int count) {
        if (count == PAGE) {
            pages.remove(page);
        } else if (pages.containsKey(page)) {
            Arrays.fill(pages.get(page), offset, offset + count, (byte) 0);
        }
    }

    /** @return how many bytes were read; -1 at the end */
    int read(long at, byte[] into) {
        if (at >= size) {
            return -1;
        }
        int length = (int) Math.min(into.length, size - at);
        int done = 0;
        while (done < length) {
            byte[] page = pages.get((at + done) / PAGE);
            int offset = (int) ((at + done) % PAGE);
            int count = Math.min(PAGE - offset, length - done);
            if (page == null) {
                Arrays.fill(into, done, done + count, (byte) 0);
            } else {
                System.arraycopy(page, offset, into, done, count);
            }
            done += count;
        }
        return length;
    }

    void truncate(long newSize) {
        if (newSize >= size) {
            return;
        }
        pages.tailMap(newSize / PAGE, false).clear();
        Map.Entry<Long, byte[]> last = pages.floorEntry(newSize / PAGE);
        if (last != null && last.getKey() == newSize / PAGE) {
            Arrays.fill(last.getValue(), (int) (newSize % PAGE), PAGE, (byte) 0);
        }
        size = newSize;
    }
}
