package dev.cairn.bbolt;

/**
 * How full the page is that is being filled. The one place that decides what goes into which page, so that plan and writer cannot
 * differ. Confined to its owner.
 *
 * <p>A page takes elements until the next one would make it longer than the page size. A leaf has at least one and a branch at least
 * two, however long: with one child to a branch, a tree of long keys would never come to its root. Such a page overflows into the
 * next ones. Pages are filled to the brim: what is written here is read, or appended to.
 */
final class PageFill {
    private static final int COUNT_MAX = 0xFFFF - 1;

    private final int pageSize;
    private final int countMin;
    private int count;
    private long bytes = BoltFormat.PAGE_HEADER_BYTES;

    private PageFill(int pageSize, int countMin) {
        this.countMin = countMin;
        this.pageSize = pageSize;
    }

    static PageFill leaf(int pageSize) {
        return new PageFill(pageSize, 1);
    }

    static PageFill branch(int pageSize) {
        return new PageFill(pageSize, 2);
    }

    boolean takes(long contentBytes) {
        return count < countMin || (count < COUNT_MAX && bytes + BoltFormat.ELEMENT_BYTES + contentBytes <= pageSize);
    }

    void add(long contentBytes) {
        count++;
        bytes += BoltFormat.ELEMENT_BYTES + contentBytes;
    }

    void clear() {
        count = 0;
        bytes = BoltFormat.PAGE_HEADER_BYTES;
    }

    int count() {
        return count;
    }

    /** The bytes of the page, header included, padding not. */
    long bytes() {
        return bytes;
    }

    /** How many pages of the file it takes. */
    long pages() {
        return (bytes + pageSize - 1) / pageSize;
    }

    /** Whether a bucket that has only this page stands inside its parent. */
    boolean isInline() {
        return bytes <= BoltFormat.inlineBytesMax(pageSize);
    }
}
