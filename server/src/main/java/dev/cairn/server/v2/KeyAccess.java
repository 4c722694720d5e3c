package dev.cairn.server.v2;

import dev.cairn.server.http.HttpRequest;
import dev.cairn.v2.KeyRequest;
import java.util.concurrent.CompletionStage;

/** Says who may do what with the keys of v2. Thread-safe, and does not block. */
public interface KeyAccess {
    /** Completes, on any thread, with whether the sender of the request may do what it asks for; with authentication off everybody may. */
    CompletionStage<Boolean> permits(HttpRequest request, KeyRequest asked);
}
