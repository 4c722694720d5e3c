package dev.cairn.v2;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A node as it is. With {@code quorum} it is read behind all that was acknowledged anywhere, otherwise as this member has it. */
final class Reading {
    /** A compaction can come between the pages of a listing; not again and again. */
    private static final int ATTEMPTS_MAX = 3;

    private final V3 v3;
    private final KeyRequest request;
    private final long nowNanos;
    private int attempts;

    Reading(V3 v3, KeyRequest request, long nowNanos) {
        this.v3 = v3;
        this.request = request;
        this.nowNanos = nowNanos;
    }

    CompletionStage<Reply> read() {
        attempts++;
        boolean linearizable = request.quorum() && request.method().equals("GET");
        return Found.look(v3, request.path(), linearizable)
                .thenCompose(this::found)
                .handle((reply, failure) -> {
                    if (V3Failure.isOf(failure, V3Failure.Kind.COMPACTED) && attempts < ATTEMPTS_MAX) {
                        return read();
                    }
                    return failure == null
                            ? CompletableFuture.completedFuture(reply)
                            : CompletableFuture.<Reply>failedFuture(failure);
                })
                .thenCompose(next -> next);
    }

    private CompletionStage<Reply> found(Found found) {
        Node node = found.node();
        if (node == null) {
            return CompletableFuture.completedFuture(KeysApi.refused(found.missing()));
        }
        CompletionStage<List<Node>> children = node.dir()
                ? Listing.read(v3, found.path(), request.recursive(), false, found.revision())
                : CompletableFuture.completedFuture(List.of());
        return children.thenCompose(listed -> listed.isEmpty()
                ? CompletableFuture.completedFuture(reply(found, node))
                : v3.aside(() -> reply(found, node.withChildren(listed))));
    }

    private Reply reply(Found found, Node node) {
        return new Reply.Complete(200, EventJson.event("get", node, null, nowNanos), found.revision(), true);
    }
}
