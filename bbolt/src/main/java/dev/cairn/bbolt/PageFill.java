package dev.cairn.bbolt;

/**
 * How full the page is that is being filled. The one place that decides what goes into which page, so that plan and writer cannot
 * differ. Confined to its owner.
 *
 * <p>A page takes elements until the next one would make it longer than the page size; it is filled to the brim, since what is
 * written here is read, or appended to. A leaf takes one element whatever its length and overflows into the next pages.
 *
 * <p>A branch has at least two children, as bbolt insists on when it merges pages. It takes three whatever their length; when it is
 * full its last child is the first one of the next page, so that none is ever left alone there.
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
        return new PageFill(pageSize, 3);
    }

    boolean takes(long contentBytes) {
        return count < countMin || (count < COUNT_MAX && bytes + BoltFormat.ELEMENT_BYTES + contentBytes <= pageSize);
    }

    void add(long contentBytes) {
        count++;
        bytes += BoltFormat.ELEMENT_BYTES + contentBytes;
    }

    /** Takes the element back that was added last. */
    void remove(long contentBytes) {
        count--;
        bytes -= BoltFormat.ELEMENT_BYTES + contentBytes;
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
