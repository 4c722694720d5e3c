package dev.cairn.v2;

import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One write: look, decide, and have exactly that done if all is still as it was found, else begin anew. The first look is this member's
 * own; a refusal counts only after one that has seen all that was acknowledged anywhere. Confined to where the store answers.
 */
final class Writing {
    /** As long as etcd gives a request. */
    static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(7);

    /** From then on a key in order may have a lower name than its index, so that it gets through between other writes. */
    private static final int EXACT_ATTEMPTS = 8;

    private static final String TIMED_OUT = "etcdserver: request timed out";

    private final V3 v3;
    private final KeyRequest request;
    private final Clocks clocks;
    private final long nowNanos;
    private final long expiration;
    private final long begun;
    private int attempts;
    private boolean linearizable;
    private long lease;

    Writing(V3 v3, KeyRequest request, Clocks clocks) {
        this.v3 = v3;
        this.request = request;
        this.clocks = clocks;
        nowNanos = clocks.wallNanos();
        begun = clocks.monotonicNanos();
        Long ttl = request.ttl();
        // What does not fit wraps around, as in etcd.
        expiration = ttl == null ? 0 : nowNanos + ttl * TimeUnit.SECONDS.toNanos(1);
    }

    CompletionStage<Reply> write() {
        if (clocks.monotonicNanos() - begun > LIMIT_NANOS) {
            dropLease();
            return CompletableFuture.failedFuture(new V3Failure(V3Failure.Kind.OTHER, TIMED_OUT));
        }
        attempts++;
        return Found.look(v3, Decisions.lookedAt(request), linearizable).thenCompose(this::found);
    }

    private CompletionStage<Reply> found(Found found) {
        Node node = found.node();
        boolean occupiedMatters = request.method().equals("DELETE")
                && request.dir()
                && !request.recursive()
                && !request.compares()
                && node != null
                && node.dir()
                && !found.path().isEmpty();
        if (!occupiedMatters) {
            return decide(found, false);
        }
        return Listing.read(v3, found.path(), false, true, found.revision())
                .thenCompose(listed -> decide(found, !listed.isEmpty()));
    }

    private CompletionStage<Reply> decide(Found found, boolean occupied) {
        Plan plan =
                new Decisions(request, found, expiration, lease, nowNanos).decide(occupied, attempts <= EXACT_ATTEMPTS);
        V2Error refusal = plan.refusal();
        if (refusal != null && !linearizable) {
            linearizable = true;
            return write();
        }
        if (refusal != null) {
            dropLease();
            return CompletableFuture.completedFuture(KeysApi.refused(refusal));
        }
        Node node = Objects.requireNonNull(plan.node());
        if (node.expiration() != 0 && lease == 0) {
            long seconds = Math.max(1, EventJson.ttl(expiration, nowNanos));
            return v3.grant(LeaseGrantRequest.newBuilder().setTTL(seconds).build())
                    .thenCompose(granted -> {
                        lease = granted.getID();
                        return decide(found, occupied);
                    });
        }
        return v3.txn(plan.transaction())
                .handle((response, failure) -> ended(plan, response, failure))
                .thenCompose(next -> next);
    }

    private CompletionStage<Reply> ended(Plan plan, @Nullable TxnResponse response, @Nullable Throwable failure) {
        if (V3Failure.isOf(failure, V3Failure.Kind.LEASE_NOT_FOUND)) {
            // It has ended meanwhile, or, after a pause, had never long to go.
            lease = 0;
            return write();
        }
        if (failure != null) {
            // Whether it was done is not known: the lease may carry the node, and ends by its time.
            return CompletableFuture.failedFuture(failure);
        }
        if (response != null && response.getSucceeded()) {
            if (plan.replacedLease() != 0) {
                v3.revoke(plan.replacedLease());
            }
            return CompletableFuture.completedFuture(
                    done(plan, response.getHeader().getRevision()));
        }
        String left = plan.firstNew();
        if (left == null || response == null || !isOrphaned(response)) {
            return write();
        }
        Node ended = new Node(left, true, null, 0, 0, 0, 0, List.of());
        return v3.txn(Plan.sweep(left, nowNanos, null, ended)).thenCompose(swept -> write());
    }

    /** Whether there is something below a directory that is not there. */
    private static boolean isOrphaned(TxnResponse response) {
        return response.getResponses(0).getResponseRange().getKvsCount() == 0
                && response.getResponses(1).getResponseRange().getKvsCount() > 0;
    }

    private Reply done(Plan plan, long revision) {
        Node template = Objects.requireNonNull(plan.node());
        Node node = EventFactory.at(template, revision);
        String action = Objects.requireNonNull(plan.record()).action();
        boolean created = action.equals("create") || action.equals("set") && plan.prevNode() == null;
        boolean silent = request.noValueOnSuccess() && !action.endsWith("elete");
        String body = silent
                ? EventJson.event(action, null, null, nowNanos)
                : EventJson.event(action, node, plan.prevNode(), nowNanos);
        return new Reply.Complete(created ? 201 : 200, body, revision, true);
    }

    private void dropLease() {
        if (lease != 0) {
            v3.revoke(lease);
            lease = 0;
        }
    }
}
