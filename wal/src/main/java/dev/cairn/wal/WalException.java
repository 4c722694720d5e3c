package dev.cairn.wal;

import java.io.IOException;
import java.nio.file.Path;

/** Why a log could not be opened, read or written. The kinds are etcd's. */
public abstract sealed class WalException extends IOException {
    private static final long serialVersionUID = 1;

    private WalException(String message) {
        super(message);
    }

    private WalException(String message, Throwable cause) {
        super(message, cause);
    }

    /** There is no log in the directory, none of its segments reaches back far enough, or one between is missing. */
    public static final class NotFound extends WalException {
        private static final long serialVersionUID = 1;

        NotFound(String message) {
            super(message);
        }
    }

    /** The log does not hold the snapshot record it was to be read from. */
    public static final class SnapshotNotFound extends WalException {
        private static final long serialVersionUID = 1;

        SnapshotNotFound(Path directory, long index, long term) {
            super("log " + directory + " has no record of the snapshot at index " + index + " and term " + term);
        }
    }

    /** The log holds a record of a snapshot at the wanted index, but of another term. */
    public static final class SnapshotMismatch extends WalException {
        private static final long serialVersionUID = 1;

        SnapshotMismatch(Path file, long index, long expectedTerm, long actualTerm) {
            super("log segment " + file + " records the snapshot at index " + index + " with term " + actualTerm
                    + ", expected term " + expectedTerm);
        }
    }

    /** Segments of one log name different members or clusters. */
    public static final class MetadataConflict extends WalException {
        private static final long serialVersionUID = 1;

        MetadataConflict(Path file, WalMetadata expected, WalMetadata actual) {
            super("log segment " + file + " belongs to " + actual + ", the segments before it to " + expected);
        }
    }

    /** Another process uses the log. */
    public static final class Locked extends WalException {
        private static final long serialVersionUID = 1;

        Locked(Path file) {
            super("log segment " + file + " is locked: another process uses this data directory");
        }
    }

    /**
     * The last write before a crash did not reach the disk as a whole. Nothing that was ever reported durable is
     * affected; {@link WalRepair} cuts the rest off.
     */
    public static final class Torn extends WalException {
        private static final long serialVersionUID = 1;
        private final transient Path file;
        private final long offset;

        Torn(Path file, long offset) {
            super("log segment " + file + " ends in the middle of a record at offset " + offset
                    + ": the last write before a crash was torn");
            this.file = file;
            this.offset = offset;
        }

        /** The segment, the last one of the log. */
        public Path file() {
            return file;
        }

        /** Where the torn record starts; all before it is whole. */
        public long offset() {
            return offset;
        }
    }

    /** The log holds something that was never written there. It is refused, because what is lost may have been acknowledged. */
    public static final class Damaged extends WalException {
        private static final long serialVersionUID = 1;
        private final transient Path file;
        private final long offset;

        Damaged(Path file, long offset, String reason) {
            super("log segment " + file + " is damaged at offset " + offset + ": " + reason
                    + ". Records that were acknowledged may be lost, so the log is not repaired. Remove this member"
                    + " from the cluster and add it again with an empty data directory, or, if it is the only one,"
                    + " restore a snapshot (etcdutl snapshot restore)");
            this.file = file;
            this.offset = offset;
        }

        /** The damaged segment. */
        public Path file() {
            return file;
        }

        /** Where the record that cannot be read starts. */
        public long offset() {
            return offset;
        }
    }

    /** An earlier write or sync failed. What the disk holds is unknown from there on, and the process must stop. */
    public static final class Poisoned extends WalException {
        private static final long serialVersionUID = 1;

        Poisoned(Throwable cause) {
            super("the log failed before and must not be used any more: " + cause, cause);
        }
    }
}
