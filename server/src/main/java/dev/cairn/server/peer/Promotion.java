package dev.cairn.server.peer;

import dev.cairn.server.membership.Member;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Makes a learner a voter on behalf of another member; only the leader can. Thread-safe; must not block. */
public interface Promotion {
    /**
     * Completes with the members after the promotion.
     *
     * @param token the token of whoever asked the other member; null when there was none
     * @return fails with the exception of an {@link dev.cairn.server.api.EtcdError}
     */
    CompletionStage<List<Member>> promote(long memberId, @Nullable String token);
}
