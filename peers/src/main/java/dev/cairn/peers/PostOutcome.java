package dev.cairn.peers;

import org.jspecify.annotations.Nullable;

/** What the answer to a posted message means. Stateless. */
final class PostOutcome {
    private PostOutcome() {}

    /** Why the message was not taken; null if it was. */
    static @Nullable String failure(HttpConnection.Result result) {
        if (result instanceof HttpConnection.Result.Answer answer) {
            String text = answer.body().strip();
            return switch (answer.status()) {
                case 204 -> null;
                case 403, 412 -> text;
                default -> "unexpected http status " + answer.status() + " (" + text + ")";
            };
        }
        return ((HttpConnection.Result.Failure) result).reason();
    }

    /** Whether the answer says that the sender is no member any more. Releases differ in whether they say it here. */
    static boolean saysRemoved(HttpConnection.Result result) {
        return result instanceof HttpConnection.Result.Answer answer
                && answer.status() == 403
                && answer.body().contains(Inbox.Delivery.FROM_REMOVED_MEMBER.text());
    }
}
