package dev.cairn.watch.interval;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KeyRange;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A map from key ranges to values that answers which ranges hold a key. Not thread-safe.
 *
 * <p>An AVL tree ordered by start and then by end. Every node also knows the greatest end below it, so that a search for a
 * key passes by each subtree whose ranges all end before it. Insert and remove take O(log n); a search that finds m ranges
 * takes O(min(n, (m + 1) log n)).
 */
public final class IntervalTree<V> {
    private static final class Node<V> {
        final KeyRange range;
        V value;
        int height = 1;

        @Nullable
        Node<V> left;

        @Nullable
        Node<V> right;

        /** The greatest end in this subtree; null when one of its ranges has no end. */
        @Nullable
        ByteString greatestEnd;

        Node(KeyRange range, V value) {
            this.range = range;
            this.value = value;
            this.greatestEnd = range.end();
        }
    }

    private @Nullable Node<V> root;
    private int size;

    /** The number of ranges. */
    public int size() {
        return size;
    }

    /** The value of exactly this range; null when it has none. */
    public @Nullable V get(KeyRange range) {
        Node<V> node = root;
        while (node != null) {
            int order = compare(range, node.range);
            if (order == 0) {
                return node.value;
            }
            node = order < 0 ? node.left : node.right;
        }
        return null;
    }

    /** Gives the range a value, in place of the one it may have. */
    public void put(KeyRange range, V value) {
        root = put(root, range, value);
    }

    /** Takes the range out; nothing happens when it is not in. */
    public void remove(KeyRange range) {
        root = remove(root, range);
    }

    /** Hands the value of every range that holds the key to the consumer, which must not change the tree. */
    public void stab(ByteString key, Consumer<? super V> consumer) {
        stab(root, key, consumer);
    }

    /** Hands every value to the consumer, in the order of the ranges. */
    public void forEach(Consumer<? super V> consumer) {
        forEach(root, consumer);
    }

    private Node<V> put(@Nullable Node<V> node, KeyRange range, V value) {
        if (node == null) {
            size++;
            return new Node<>(range, value);
        }
        int order = compare(range, node.range);
        if (order == 0) {
            node.value = value;
            return node;
        }
        if (order < 0) {
            node.left = put(node.left, range, value);
        } else {
            node.right = put(node.right, range, value);
        }
        return balance(node);
    }

    private @Nullable Node<V> remove(@Nullable Node<V> node, KeyRange range) {
        if (node == null) {
            return null;
        }
        int order = compare(range, node.range);
        if (order < 0) {
            node.left = remove(node.left, range);
            return balance(node);
        }
        if (order > 0) {
            node.right = remove(node.right, range);
            return balance(node);
        }
        size--;
        if (node.left == null) {
            return node.right;
        }
        if (node.right == null) {
            return node.left;
        }
        Node<V> successor = first(node.right);
        successor.right = removeFirst(node.right);
        successor.left = node.left;
        return balance(successor);
    }

    private @Nullable Node<V> removeFirst(Node<V> node) {
        if (node.left == null) {
            return node.right;
        }
        node.left = removeFirst(node.left);
        return balance(node);
    }

    private static <V> Node<V> first(Node<V> node) {
        Node<V> first = node;
        while (first.left != null) {
            first = first.left;
        }
        return first;
    }

    private static <V> void stab(@Nullable Node<V> node, ByteString key, Consumer<? super V> consumer) {
        if (node == null || endsBefore(node.greatestEnd, key)) {
            return;
        }
        stab(node.left, key, consumer);
        if (KeyRange.KEY_ORDER.compare(node.range.start(), key) > 0) {
            // Everything on the right starts later still.
            return;
        }
        if (!endsBefore(node.range.end(), key)) {
            consumer.accept(node.value);
        }
        stab(node.right, key, consumer);
    }

    private static <V> void forEach(@Nullable Node<V> node, Consumer<? super V> consumer) {
        if (node != null) {
            forEach(node.left, consumer);
            consumer.accept(node.value);
            forEach(node.right, consumer);
        }
    }

    private static boolean endsBefore(@Nullable ByteString end, ByteString key) {
        return end != null && KeyRange.KEY_ORDER.compare(end, key) <= 0;
    }

    private static int compare(KeyRange a, KeyRange b) {
        int order = KeyRange.KEY_ORDER.compare(a.start(), b.start());
        return order != 0 ? order : compareEnds(a.end(), b.end());
    }

    private static int compareEnds(@Nullable ByteString a, @Nullable ByteString b) {
        if (a == null) {
            return b == null ? 0 : 1;
        }
        if (b == null) {
            return -1;
        }
        return KeyRange.KEY_ORDER.compare(a, b);
    }

    /** Restores the height difference of at most one between the node's children, whose own subtrees are in order. */
    private static <V> Node<V> balance(Node<V> node) {
        int lean = height(node.left) - height(node.right);
        if (lean > 1) {
            Node<V> left = present(node.left);
            if (height(left.left) < height(left.right)) {
                node.left = rotateLeft(left);
            }
            return rotateRight(node);
        }
        if (lean < -1) {
            Node<V> right = present(node.right);
            if (height(right.right) < height(right.left)) {
                node.right = rotateRight(right);
            }
            return rotateLeft(node);
        }
        update(node);
        return node;
    }

    private static <V> Node<V> rotateLeft(Node<V> node) {
        Node<V> top = present(node.right);
        node.right = top.left;
        top.left = node;
        update(node);
        update(top);
        return top;
    }

    private static <V> Node<V> rotateRight(Node<V> node) {
        Node<V> top = present(node.left);
        node.left = top.right;
        top.right = node;
        update(node);
        update(top);
        return top;
    }

    private static <V> void update(Node<V> node) {
        node.height = 1 + Math.max(height(node.left), height(node.right));
        ByteString greatest = node.range.end();
        if (node.left != null && compareEnds(node.left.greatestEnd, greatest) > 0) {
            greatest = node.left.greatestEnd;
        }
        if (node.right != null && compareEnds(node.right.greatestEnd, greatest) > 0) {
            greatest = node.right.greatestEnd;
        }
        node.greatestEnd = greatest;
    }

    private static <V> int height(@Nullable Node<V> node) {
        return node == null ? 0 : node.height;
    }

    /** A child that the heights say is there. */
    private static <V> Node<V> present(@Nullable Node<V> node) {
        if (node == null) {
            throw new IllegalStateException("the tree's heights disagree with its nodes");
        }
        return node;
    }

    /** Checks order, balance, heights, greatest ends and size; for tests. */
    void checkInvariants() {
        int counted = check(root, null, null);
        if (counted != size) {
            throw new IllegalStateException("size is " + size + ", counted " + counted);
        }
    }

    private int check(@Nullable Node<V> node, @Nullable KeyRange above, @Nullable KeyRange below) {
        if (node == null) {
            return 0;
        }
        boolean ordered =
                (above == null || compare(node.range, above) > 0) && (below == null || compare(node.range, below) < 0);
        int height = node.height;
        ByteString greatestEnd = node.greatestEnd;
        int counted = 1 + check(node.left, above, node.range) + check(node.right, node.range, below);
        update(node);
        if (!ordered
                || height != node.height
                || Math.abs(height(node.left) - height(node.right)) > 1
                || compareEnds(greatestEnd, node.greatestEnd) != 0) {
            throw new IllegalStateException("the tree is out of order at " + node.range);
        }
        return counted;
    }
}
