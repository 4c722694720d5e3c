package dev.cairn.v2;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** {@code /v2/keys}: from a request to its answer. Thread-safe; a request is confined to where its store answers. */
public final class KeysApi {
    private final Clocks clocks;

    public KeysApi(Clocks clocks) {
        this.clocks = clocks;
    }

    /** A request that was understood, or the reason why it was not. */
    public record Parsed(
            @Nullable KeyRequest request, @Nullable V2Error error) {}

    /**
     * Reads a request.
     *
     * @param path behind {@code /v2/keys}, decoded
     * @param contentType of the body, null without one
     */
    public static Parsed parse(String method, String path, String query, @Nullable String contentType, byte[] body) {
        try {
            KeyRequest request = KeyRequest.parse(method, path, Form.parse(method, query, contentType, body));
            if (Paths.above(request.path()).size() >= Found.DEPTH_MAX) {
                throw new Refusal(
                        ErrorCode.INVALID_FORM, "the key has more than " + Found.DEPTH_MAX + " directories above it");
            }
            return new Parsed(request, null);
        } catch (Refusal e) {
            return new Parsed(null, e.error());
        }
    }

    /** Carries a request out. What the store refuses is an answer too: an internal error with its text. */
    public CompletionStage<Reply> serve(KeyRequest request, V3 v3) {
        return outcome(request, v3).exceptionally(thrown -> {
            V3Failure failure = V3Failure.of(thrown);
            return refused(new V2Error(ErrorCode.RAFT_INTERNAL, failure.text(), 0));
        });
    }

    private CompletionStage<Reply> outcome(KeyRequest request, V3 v3) {
        if (request.writes()) {
            return new Writing(v3, request, clocks).write();
        }
        // A quorum read goes through the log in etcd, and nothing waits there.
        if (request.waits() && !request.quorum()) {
            return Waiting.open(v3, request, clocks);
        }
        return new Reading(v3, request, clocks.wallNanos()).read();
    }

    /** An error as an answer. */
    public static Reply.Complete refused(V2Error error) {
        return new Reply.Complete(error.code().status(), error.json(), error.index(), false);
    }
}
