package dev.cairn.server.loop;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.RequestKind;
import dev.cairn.server.metrics.Histogram;
import dev.cairn.server.metrics.ServerMetrics;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Measures requests from their proposal to their outcome, as etcd's metrics do. Thread-safe. */
public final class MeteredProposer implements Proposer {
    private final Proposer proposer;
    private final ServerMetrics metrics;
    private final Map<String, Histogram> answered = new ConcurrentHashMap<>();
    private final Map<String, Histogram> unanswered = new ConcurrentHashMap<>();

    public MeteredProposer(Proposer proposer, ServerMetrics metrics) {
        this.proposer = proposer;
        this.metrics = metrics;
    }

    @Override
    public void propose(InternalRaftRequest.Builder request, Completion<MessageLite> completion) {
        String kind = RequestKind.of(request);
        long start = System.nanoTime();
        proposer.propose(request, new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite value) {
                observe(kind, true, start);
                completion.complete(value);
            }

            @Override
            public void fail(EtcdError error) {
                switch (error) {
                    case TOO_MANY_REQUESTS -> {
                        // Was never taken up.
                    }
                    case STOPPED -> observe(kind, false, start);
                    case TIMEOUT,
                            TIMEOUT_LEADER_FAILURE,
                            TIMEOUT_CONNECTION_LOST,
                            DEADLINE_EXCEEDED,
                            REQUEST_CANCELED,
                            PROPOSAL_DROPPED -> {
                        metrics.proposalsFailedTotal.increment();
                        observe(kind, false, start);
                    }
                    // The request was applied and refused, which is an answer; etcd counts one that is too large alike.
                    default -> observe(kind, true, start);
                }
                completion.fail(error);
            }

            @Override
            public boolean isAbandoned() {
                return completion.isAbandoned();
            }
        });
    }

    private void observe(String kind, boolean success, long startNanos) {
        (success ? answered : unanswered)
                .computeIfAbsent(kind, type -> metrics.requestDurationSeconds.with(Boolean.toString(success), type))
                .observeNanos(System.nanoTime() - startNanos);
    }
}
