package dev.cairn.server.http;

import java.util.concurrent.CompletionStage;

/** Answers requests. Called on an event loop: it must not block, and completes the answer later from any thread if it has to wait. */
@FunctionalInterface
public interface HttpHandler {
    CompletionStage<HttpAnswer> handle(HttpRequest request);
}
