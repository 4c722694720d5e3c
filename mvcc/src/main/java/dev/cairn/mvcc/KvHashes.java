package dev.cairn.mvcc;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The digests of the last compactions, by which members compare what they can no longer compute. Thread-safe. */
final class KvHashes {
    private static final int KEPT_MAX = 10;

    private final Object lock = new Object();
    private final Deque<Stored> newestLast = new ArrayDeque<>();

    record Stored(long revision, long compacted, int hash) {}

    void store(Stored hash) {
        synchronized (lock) {
            newestLast.addLast(hash);
            if (newestLast.size() > KEPT_MAX) {
                newestLast.removeFirst();
            }
        }
    }

    /** All that are kept, the oldest first. */
    List<Stored> all() {
        synchronized (lock) {
            return List.copyOf(newestLast);
        }
    }

    @Nullable
    Stored find(long revision) {
        synchronized (lock) {
            for (Stored hash : newestLast) {
                if (hash.revision() == revision) {
                    return hash;
                }
            }
            return null;
        }
    }
}
