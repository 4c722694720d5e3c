package dev.cairn.server.peer;

import dev.cairn.mvcc.HashKv;
import dev.cairn.mvcc.KvException;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.corruption.OwnHashes;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.Pages;
import dev.cairn.server.http.Router;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.MemberFormat;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Thread-safe. The paths of the peer port and their answers, to the byte etcd's where other members or tools read them.
 */
public final class PeerPages {
    private static final Logger LOG = LoggerFactory.getLogger(PeerPages.class);

    static final String CLUSTER_ID = "X-Etcd-Cluster-Id";
    static final String HASH_KV = "/members/hashkv";
    static final String COMPACTED = "mvcc: required revision has been compacted";
    static final String FUTURE_REVISION = "mvcc: required revision is a future revision";
    static final String CLUSTER_ID_MISMATCH = "cluster ID mismatch";

    private static final String MEMBERS = "/members";
    static final String PROMOTE = "/members/promote/";
    private static final String DOWNGRADE_ENABLED = "/downgrade/enabled";
    private static final String PROBING = "/raft/probing";

    private final Cluster cluster;
    private final OwnHashes hashes;
    private final ReadGate reads;
    private final Promotion promotion;
    private final BooleanSupplier downgradeEnabled;
    private final Executor slow;

    /**
     * @param downgradeEnabled whether the cluster is being downgraded, as the log has decided it so far
     * @param slow runs what reads the whole store
     */
    public PeerPages(
            Cluster cluster,
            OwnHashes hashes,
            ReadGate reads,
            Promotion promotion,
            BooleanSupplier downgradeEnabled,
            Executor slow) {
        this.cluster = cluster;
        this.hashes = hashes;
        this.reads = reads;
        this.promotion = promotion;
        this.downgradeEnabled = downgradeEnabled;
        this.slow = slow;
    }

    /** All pages. Handlers of the Raft messages belong here as well. */
    public Router router(LeaseForwarding leases, Supplier<Pages.Versions> versions) {
        Router router = Router.plain();
        Pages.addVersion(router, versions);
        router.any(MEMBERS, only("GET", this::members));
        router.under(PROMOTE, only("POST", this::promote));
        router.any(HASH_KV, only("GET", this::hashKv));
        router.any(DOWNGRADE_ENABLED, only("GET", this::downgradeEnabled));
        router.any(PROBING, request -> now(probe()));
        leases.addTo(router);
        return router;
    }

    private static HttpHandler only(String method, HttpHandler page) {
        return request -> request.method().equals(method)
                ? page.handle(request)
                : now(HttpAnswer.plain(405, "Method Not Allowed\n").with("Allow", method));
    }

    private CompletionStage<HttpAnswer> members(HttpRequest request) {
        return now(named(HttpAnswer.json(200, json(cluster.view().members()))));
    }

    private CompletionStage<HttpAnswer> promote(HttpRequest request) {
        String text = request.path().substring(PROMOTE.length());
        long id;
        try {
            id = Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            return now(named(HttpAnswer.plain(404, "member " + text + " not found in cluster\n")));
        }
        return promotion.promote(id, request.header("authorization")).handle((members, failure) -> {
            if (failure == null) {
                return named(HttpAnswer.json(200, json(members)));
            }
            LOG.atWarn()
                    .setMessage("failed to promote a member")
                    .addKeyValue("member-id", Identity.hex(id))
                    .addKeyValue("error", String.valueOf(failure.getMessage()))
                    .log();
            return named(refusal(failure));
        });
    }

    /** In the words of the membership, which are not those of the client's error. */
    private static HttpAnswer refusal(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (is(cause, EtcdError.MEMBER_NOT_FOUND)) {
            return HttpAnswer.plain(404, "membership: ID not found\n");
        }
        if (is(cause, EtcdError.MEMBER_NOT_LEARNER)) {
            return HttpAnswer.plain(412, "membership: can only promote a learner member\n");
        }
        if (is(cause, EtcdError.LEARNER_NOT_READY)) {
            return HttpAnswer.plain(412, EtcdError.LEARNER_NOT_READY.message() + "\n");
        }
        return HttpAnswer.json(500, "{\"message\":\"Internal Server Error\"}");
    }

    private static boolean is(Throwable failure, EtcdError error) {
        return failure instanceof StatusRuntimeException refused
                && refused.getStatus().getCode() == error.status().getCode()
                && error.message().equals(refused.getStatus().getDescription());
    }

    private CompletionStage<HttpAnswer> hashKv(HttpRequest request) {
        String asked = request.header(CLUSTER_ID.toLowerCase(java.util.Locale.ROOT));
        if (asked != null && !asked.isEmpty() && !asked.equals(clusterId())) {
            return now(HttpAnswer.plain(412, CLUSTER_ID_MISMATCH + "\n"));
        }
        long revision;
        try {
            revision = HashKvFormat.revisionOf(new String(request.body(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            LOG.atWarn()
                    .setMessage("failed to unmarshal request")
                    .addKeyValue("error", String.valueOf(e.getMessage()))
                    .log();
            return now(HttpAnswer.plain(400, "error unmarshalling request\n"));
        }
        CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
        try {
            slow.execute(() -> {
                try {
                    answer.complete(hashKv(revision));
                } catch (RuntimeException e) {
                    answer.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            answer.complete(HttpAnswer.plain(503, EtcdError.TOO_MANY_REQUESTS.message() + "\n"));
        }
        return answer;
    }

    private HttpAnswer hashKv(long revision) {
        try {
            HashKv hash = hashes.at(revision);
            return named(HttpAnswer.json(200, HashKvFormat.answer(hash)));
        } catch (KvException e) {
            String error = e.reason() == KvException.Reason.COMPACTED ? COMPACTED : FUTURE_REVISION;
            LOG.atWarn()
                    .setMessage("failed to get hashKV")
                    .addKeyValue("requested-revision", revision)
                    .addKeyValue("error", error)
                    .log();
            return HttpAnswer.plain(400, error + "\n");
        }
    }

    private CompletionStage<HttpAnswer> downgradeEnabled(HttpRequest request) {
        CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
        reads.await(new Completion<Long>() {
            @Override
            public void complete(Long index) {
                byte[] body = Boolean.toString(downgradeEnabled.getAsBoolean()).getBytes(StandardCharsets.UTF_8);
                answer.complete(named(HttpAnswer.of(200, "text/plain", body)));
            }

            @Override
            public void fail(EtcdError error) {
                answer.complete(named(HttpAnswer.plain(500, "failed linearized read: " + error.message() + "\n")));
            }
        });
        return answer;
    }

    private static HttpAnswer probe() {
        return HttpAnswer.text(200, "{\"OK\":true,\"Now\":\"" + Instant.now() + "\"}\n");
    }

    private HttpAnswer named(HttpAnswer answer) {
        return answer.with(CLUSTER_ID, clusterId());
    }

    private String clusterId() {
        return Identity.hex(cluster.identity().clusterId());
    }

    private static String json(List<Member> members) {
        return members.stream()
                .map(member -> MemberFormat.encode(member).toStringUtf8())
                .collect(Collectors.joining(",", "[", "]\n"));
    }

    static CompletionStage<HttpAnswer> now(@Nullable HttpAnswer answer) {
        return CompletableFuture.completedFuture(answer);
    }
}
