package dev.cairn.bbolt;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The first look at what is to be written: from the lengths of all pairs it computes the length of the file and the place of its root,
 * which stand in the file's first page and are wanted before the first byte goes out. Confined to one thread.
 *
 * <p>It hears of names and pairs in the order in which {@link BoltWriter} will get them, then {@link #finish}; it does not see the keys,
 * so their order is the writer's to check. The writer must get exactly as many pairs with exactly the same lengths.
 */
public final class BoltPlan {
    private final int pageSize;
    private final Tree root;
    private @Nullable Tree open;
    private int openName;
    private long nextPage = BoltFormat.FIRST_PAGE;
    private long rootPage;
    private boolean finished;

    public BoltPlan(int pageSize) {
        if (!BoltFormat.isPageSize(pageSize)) {
            throw new IllegalArgumentException("page size " + pageSize + " is not a power of two from "
                    + BoltFormat.PAGE_BYTES_MIN + " to " + BoltFormat.PAGE_BYTES_MAX);
        }
        this.pageSize = pageSize;
        this.root = new Tree();
    }

    /** The pages of one tree that are being filled, leaf first. */
    private final class Tree {
        private final List<Level> levels = new ArrayList<>();

        private final class Level {
            final PageFill fill;
            int firstKeyBytes;
            int lastKeyBytes;

            Level(PageFill fill) {
                this.fill = fill;
            }
        }

        Tree() {
            levels.add(new Level(PageFill.leaf(pageSize)));
        }

        PageFill leaf() {
            return levels.get(0).fill;
        }

        void add(int keyBytes, long valueBytes) {
            add(0, keyBytes, valueBytes);
        }

        private void add(int at, int keyBytes, long valueBytes) {
            if (at == levels.size()) {
                levels.add(new Level(PageFill.branch(pageSize)));
            }
            Level level = levels.get(at);
            if (!level.fill.takes(keyBytes + valueBytes)) {
                flushFull(at);
            }
            if (level.fill.count() == 0) {
                level.firstKeyBytes = keyBytes;
            }
            level.lastKeyBytes = keyBytes;
            level.fill.add(keyBytes + valueBytes);
        }

        private void flushFull(int at) {
            if (at == 0) {
                flush(at);
                return;
            }
            Level level = levels.get(at);
            int kept = level.lastKeyBytes;
            level.fill.remove(kept);
            flush(at);
            level.firstKeyBytes = kept;
            level.fill.add(kept);
        }

        private void flush(int at) {
            Level level = levels.get(at);
            nextPage += level.fill.pages();
            level.fill.clear();
            add(at + 1, level.firstKeyBytes, 0);
        }

        boolean isInline() {
            return levels.size() == 1 && leaf().isInline();
        }

        /** Places what is still being filled; answers the page of the root. */
        long finish() {
            for (int at = 0; at < levels.size() - 1; at++) {
                flush(at);
            }
            long page = nextPage;
            nextPage += levels.get(levels.size() - 1).fill.pages();
            return page;
        }
    }

    /** A bucket begins; its pairs follow. */
    public void bucket(int nameBytes) {
        checkOpen();
        closeBucket();
        openName = nameBytes;
        open = new Tree();
    }

    /** A pair of the bucket that began last. */
    public void pair(int keyBytes, int valueBytes) {
        checkOpen();
        Tree tree = open;
        if (tree == null) {
            throw new IllegalStateException("a pair before the first bucket");
        }
        tree.add(keyBytes, valueBytes);
    }

    private void closeBucket() {
        Tree tree = open;
        open = null;
        if (tree == null) {
            return;
        }
        if (tree.isInline()) {
            root.add(openName, BoltFormat.BUCKET_BYTES + tree.leaf().bytes());
        } else {
            tree.finish();
            root.add(openName, BoltFormat.BUCKET_BYTES);
        }
    }

    /** There are no more pairs. */
    public void finish() {
        checkOpen();
        closeBucket();
        rootPage = root.finish();
        finished = true;
    }

    private void checkOpen() {
        if (finished) {
            throw new IllegalStateException("the plan is finished");
        }
    }

    private void checkFinished() {
        if (!finished) {
            throw new IllegalStateException("the plan is not finished");
        }
    }

    /** The length of the file. */
    public long bytes() {
        checkFinished();
        return nextPage * pageSize;
    }

    int pageSize() {
        return pageSize;
    }

    long rootPage() {
        checkFinished();
        return rootPage;
    }

    long pages() {
        checkFinished();
        return nextPage;
    }
}
