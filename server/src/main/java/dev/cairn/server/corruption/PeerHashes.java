package dev.cairn.server.corruption;

import dev.cairn.mvcc.HashKv;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks the other members for their digests. */
public interface PeerHashes {
    /** Asks every other member for its digest at the revision and waits for the answers, or for the lack of them. */
    List<Answer> at(long revision);

    /** Why there is no digest. */
    enum Failure {
        /** The member has not come to the revision yet. */
        FUTURE_REVISION,
        /** The member has compacted the revision. */
        COMPACTED,
        CLUSTER_ID_MISMATCH,
        UNREACHABLE
    }

    /**
     * What came of asking one member. Immutable.
     *
     * @param endpoints its peer URLs
     * @param hash null when there was a failure; {@code currentRevision} is the member's
     * @param failure null when there is a digest
     */
    record Answer(
            long memberId,
            List<String> endpoints,
            @Nullable HashKv hash,
            @Nullable Failure failure) {
        public static Answer of(long memberId, List<String> endpoints, HashKv hash) {
            return new Answer(memberId, endpoints, hash, null);
        }

        public static Answer failed(long memberId, List<String> endpoints, Failure failure) {
            return new Answer(memberId, endpoints, null, failure);
        }

        public Answer {
            endpoints = List.copyOf(endpoints);
        }
    }
}
