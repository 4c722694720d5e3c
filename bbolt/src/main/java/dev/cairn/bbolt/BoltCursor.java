package dev.cairn.bbolt;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A walk over one bucket, forwards. Confined to one thread.
 *
 * <p>Each page on the way down is kept with the bounds that its parents set for its keys. A key outside them, or not greater than
 * the one before, is damage: so a walk ends after as many steps as there are different keys, whatever refers to what.
 */
public final class BoltCursor {
    /** Hears of each page that the walk enters, before its content is looked at. */
    interface PageListener {
        void entered(Page page) throws IOException;
    }

    private final BoltBucket bucket;
    private final PageListener listener;
    private final Deque<Level> way = new ArrayDeque<>();
    private boolean started;
    private byte @Nullable [] lastKey;
    private byte @Nullable [] key;

    /** A page on the way and the element at which the walk stands. */
    private static final class Level {
        final Page page;

        /** The bounds of the page's keys; null where there is none. */
        final byte @Nullable [] least;

        final byte @Nullable [] limit;

        int index = -1;

        Level(Page page, byte @Nullable [] least, byte @Nullable [] limit) {
            this.page = page;
            this.least = least;
            this.limit = limit;
        }

        /** The key of an element, which must be within the bounds. */
        byte[] key(int at) throws IOException {
            byte[] found = page.key(at);
            if (least != null && Arrays.compareUnsigned(found, least) < 0) {
                throw page.damagedElement(at, "the key of element " + at + " is less than its branch page says");
            }
            if (limit != null && Arrays.compareUnsigned(found, limit) >= 0) {
                throw page.damagedElement(at, "the key of element " + at + " belongs into a later page");
            }
            return found;
        }
    }

    BoltCursor(BoltBucket bucket, PageListener listener) {
        this.bucket = bucket;
        this.listener = listener;
    }

    /** Moves on; answers whether there is an element. */
    public boolean next() throws IOException {
        if (!started) {
            started = true;
            enterRoot();
        }
        key = null;
        while (true) {
            Level level = way.peek();
            if (level == null) {
                return false;
            }
            level.index++;
            if (level.index >= level.page.count()) {
                way.pop();
            } else if (level.page.isLeaf()) {
                arrive(level);
                return true;
            } else {
                descend(level);
            }
        }
    }

    /** Moves to the first element whose key is not less than the wanted one; answers whether there is one. */
    public boolean seek(byte[] wanted) throws IOException {
        started = true;
        way.clear();
        lastKey = null;
        enterRoot();
        while (true) {
            Level level = way.element();
            if (level.page.isLeaf()) {
                level.index = elementsBelow(level, wanted, false) - 1;
                return next();
            }
            level.index = Math.max(0, elementsBelow(level, wanted, true) - 1);
            descend(level);
        }
    }

    /** How many of the page's keys are less than the wanted one, or equal to it if that counts. */
    private static int elementsBelow(Level level, byte[] wanted, boolean orEqual) throws IOException {
        int low = 0;
        int high = level.page.count();
        while (low < high) {
            int middle = (low + high) >>> 1;
            int order = Arrays.compareUnsigned(level.page.key(middle), wanted);
            if (order < 0 || (orEqual && order == 0)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private void enterRoot() throws IOException {
        enter(new Level(bucket.openRoot(), null, null), true);
    }

    private void enter(Level level, boolean root) throws IOException {
        if (way.size() == BoltFormat.DEPTH_MAX) {
            throw level.page.damaged(0, "the tree is deeper than " + BoltFormat.DEPTH_MAX + " pages");
        }
        level.page.checkTree(root);
        listener.entered(level.page);
        way.push(level);
    }

    private void descend(Level level) throws IOException {
        int at = level.index;
        byte[] least = level.key(at);
        byte[] limit = level.limit;
        if (at + 1 < level.page.count()) {
            limit = level.key(at + 1);
            if (Arrays.compareUnsigned(least, limit) >= 0) {
                throw level.page.damagedElement(at + 1, "the key of element " + (at + 1) + " is not in order");
            }
        }
        enter(new Level(Page.at(bucket.file(), level.page.child(at)), least, limit), false);
    }

    private void arrive(Level level) throws IOException {
        byte[] found = level.key(level.index);
        if (lastKey != null && Arrays.compareUnsigned(found, lastKey) <= 0) {
            throw level.page.damagedElement(level.index, "the key of element " + level.index + " is not in order");
        }
        lastKey = found;
        key = found;
    }

    private Level here() {
        Level level = way.peek();
        if (key == null || level == null) {
            throw new IllegalStateException("the cursor is not at an element");
        }
        return level;
    }

    /** The key here; the caller's own. */
    public byte[] key() {
        Level level = here();
        byte[] found = key;
        if (found == null) {
            throw new IllegalStateException("no key at " + level.index);
        }
        return found.clone();
    }

    boolean isAt(byte[] wanted) {
        return Arrays.equals(key, wanted);
    }

    /** Whether the element here is a bucket and not a pair. */
    public boolean isBucket() throws IOException {
        Level level = here();
        return level.page.isBucket(level.index);
    }

    /** The value here; the caller's own. For a bucket, its description. */
    public byte[] value() throws IOException {
        Level level = here();
        return level.page.value(level.index);
    }

    /** The bucket here. */
    public BoltBucket bucket() throws IOException {
        if (!isBucket()) {
            throw new IllegalStateException("the element here is a pair, not a bucket");
        }
        Level level = here();
        return bucket.decode(level.page, level.index);
    }
}
