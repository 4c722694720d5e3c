package dev.cairn.testing.history;

import org.jspecify.annotations.Nullable;

/**
 * One request of one client. Immutable.
 *
 * @param client who asked, for messages
 * @param calledAt when
 * @param returnedAt when the answer came; {@link #NEVER} when none did that says what happened
 * @param response null when the outcome is unknown: the request may have been carried out at any time since, or never
 */
public record Operation(
        int client,
        Request request,
        long calledAt,
        long returnedAt,
        @Nullable Response response) {
    public static final long NEVER = Long.MAX_VALUE;

    public Operation {
        if ((response == null) != (returnedAt == NEVER)) {
            throw new IllegalArgumentException("an answer and its time belong together");
        }
        if (calledAt > returnedAt) {
            throw new IllegalArgumentException("answered at " + returnedAt + ", before it was asked at " + calledAt);
        }
    }

    /** A request whose outcome nobody knows. */
    public static Operation unknown(int client, Request request, long calledAt) {
        return new Operation(client, request, calledAt, NEVER, null);
    }

    public boolean isUnknown() {
        return response == null;
    }
}
