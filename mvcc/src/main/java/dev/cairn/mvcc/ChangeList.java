package dev.cairn.mvcc;

import org.jspecify.annotations.Nullable;

/**
 * Versions in revision order: appended by the apply loop, read by any thread without locks. What a reader may see is bounded
 * by the current revision, whose volatile write comes after the append; a reader that meets more sees complete versions (they
 * are immutable) and stops at the first above its revision.
 */
final class ChangeList {
    private static final int CHUNK_SIZE = 1024;

    private final Chunk first = new Chunk();
    private Chunk last = first;
    private int inLast;
    private int size;

    private static final class Chunk {
        final @Nullable Version[] versions = new Version[CHUNK_SIZE];
        volatile @Nullable Chunk next;
    }

    /** Apply loop only. */
    void append(Version version) {
        if (inLast == CHUNK_SIZE) {
            Chunk grown = new Chunk();
            last.next = grown;
            last = grown;
            inLast = 0;
        }
        last.versions[inLast++] = version;
        size++;
    }

    /** The number of versions. Exact for the apply loop and once the list grows no more. */
    int size() {
        return size;
    }

    /** The first main revision here; null when there is none yet. */
    @Nullable
    Long firstMain() {
        Version version = first.versions[0];
        return version == null ? null : version.revision().main();
    }

    /** False only if the revision is older than all that are here. */
    boolean mayHold(Revision revision) {
        Version version = first.versions[0];
        return version != null && version.revision().compareTo(revision) <= 0;
    }

    /** An iterator that stands before the first version whose revision is not less. */
    Walk from(Revision revision) {
        Chunk chunk = first;
        while (true) {
            Chunk next = chunk.next;
            if (next == null) {
                break;
            }
            Version head = next.versions[0];
            if (head == null || head.revision().compareTo(revision) > 0) {
                break;
            }
            chunk = next;
        }
        int low = 0;
        int high = CHUNK_SIZE;
        while (low < high) {
            int middle = (low + high) >>> 1;
            Version version = chunk.versions[middle];
            if (version != null && version.revision().compareTo(revision) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return new Walk(chunk, low);
    }

    /** Hands out one version after the other. */
    static final class Walk {
        private Chunk chunk;
        private int at;

        private Walk(Chunk chunk, int at) {
            this.chunk = chunk;
            this.at = at;
        }

        /** The next version; null when there is no more for now. */
        @Nullable
        Version next() {
            if (at == CHUNK_SIZE) {
                Chunk next = chunk.next;
                if (next == null) {
                    return null;
                }
                chunk = next;
                at = 0;
            }
            Version version = chunk.versions[at];
            if (version != null) {
                at++;
            }
            return version;
        }
    }
}
