package dev.cairn.server.backup.archive;

import java.time.Instant;

/** Which point of the past is wanted. */
public sealed interface Target {
    /** The store as it was when this was its newest revision. */
    record AtRevision(long revision) implements Target {
        public AtRevision {
            if (revision < 1) {
                throw new IllegalArgumentException("revision: " + revision + " (expected: at least 1)");
            }
        }
    }

    /** The store as it was at this time, as far as the archive knows: nothing that was written later, and all that is sure to have been there. */
    record AtTime(Instant time) implements Target {}
}
