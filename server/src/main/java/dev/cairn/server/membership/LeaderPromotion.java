package dev.cairn.server.membership;

import dev.cairn.server.api.Completion;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Promotions by the leader, asked for on another member. Thread-safe; never blocks. */
public interface LeaderPromotion {
    /**
     * Completes with the members after the promotion. Fails with what the leader refuses it for, with NO_LEADER or TIMEOUT.
     *
     * @param token of whoever asks; null when there is none
     */
    void promote(long memberId, @Nullable String token, Completion<List<Member>> completion);
}
