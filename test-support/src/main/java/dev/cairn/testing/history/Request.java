package dev.cairn.testing.history;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a client asks for. Immutable. */
public sealed interface Request {
    /**
     * Reads keys.
     *
     * @param end the first key behind the range; null for the one key
     */
    record Range(String key, @Nullable String end) implements Request {
        public Range(String key) {
            this(key, null);
        }
    }

    record Put(String key, String value, long lease) implements Request {
        public Put(String key, String value) {
            this(key, value, 0);
        }
    }

    record Delete(String key, @Nullable String end) implements Request {
        public Delete(String key) {
            this(key, null);
        }
    }

    /** A condition: the key's newest version is of this revision (0: there is none), and has this value where one is given. */
    record Compare(String key, long modRevision, @Nullable String value) {}

    /** Ranges, puts and deletes, chosen by conditions. */
    record Txn(List<Compare> compares, List<Request> success, List<Request> failure) implements Request {
        public Txn {
            compares = List.copyOf(compares);
            success = List.copyOf(success);
            failure = List.copyOf(failure);
        }
    }

    record Grant(long lease) implements Request {}

    /** A client's wish, or the end of the lease's time. */
    record Revoke(long lease) implements Request {}

    /** Whether the request leaves everything as it is. */
    default boolean isRead() {
        return this instanceof Range;
    }
}
