package dev.cairn.server.rpc;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What answers to ranges may keep in memory until their clients have taken them: long ones all that they want while there is room for all
 * together, and each of them a little in any case. Thread-safe.
 */
final class KeptBytes {
    /** Of one answer, while there is room. */
    private static final long WANTED = 4 << 20;

    /** Of one answer, whatever the others keep. */
    private static final long LEAST = 256 << 10;

    /** Of all answers together: a share of the heap. */
    private static final int HEAP_SHARE = 16;

    private final AtomicLong kept = new AtomicLong();
    private final long most;

    KeptBytes() {
        this(Runtime.getRuntime().maxMemory() / HEAP_SHARE);
    }

    KeptBytes(long most) {
        this.most = most;
    }

    /** How much the next answer may keep. */
    long allowed() {
        return Math.max(LEAST, Math.min(WANTED, most - kept.get()));
    }

    /** Notes what an answer keeps; nothing for one that keeps only a little. */
    Share keep(long bytes) {
        return new Share(bytes <= LEAST ? 0 : bytes);
    }

    /** What one answer keeps, until it is closed. */
    final class Share implements AutoCloseable {
        private final AtomicLong bytes;

        private Share(long bytes) {
            this.bytes = new AtomicLong(bytes);
            if (bytes > 0) {
                kept.addAndGet(bytes);
            }
        }

        /** The answer is gone. Idempotent. */
        @Override
        public void close() {
            kept.addAndGet(-bytes.getAndSet(0));
        }
    }
}
