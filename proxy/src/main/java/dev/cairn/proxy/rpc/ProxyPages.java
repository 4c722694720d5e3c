package dev.cairn.proxy.rpc;

import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.Router;
import dev.cairn.server.peer.PeerClient;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operational pages: {@code /health} of the members as seen from here, {@code /proxy/health} of the proxy as a client sees it,
 * {@code /metrics} of a member, {@code /proxy/metrics} of the proxy itself. Thread-safe. At most one check of each kind of health is under way for
 * all that ask.
 */
final class ProxyPages {
    private static final Logger LOG = LoggerFactory.getLogger(ProxyPages.class);
    private static final ByteString KEY = ByteString.copyFromUtf8("a");
    private static final Duration READ_LIMIT = Duration.ofSeconds(1);
    private static final Duration WATCH_LIMIT = Duration.ofSeconds(3);
    private static final Duration METRICS_LIMIT = Duration.ofSeconds(30);

    /** A check that is under way, shared by all that ask meanwhile. */
    private static final class Check {
        private final Supplier<CompletableFuture<String>> check;
        private @Nullable CompletableFuture<String> underWay;

        Check(Supplier<CompletableFuture<String>> check) {
            this.check = check;
        }

        synchronized CompletableFuture<String> ask() {
            CompletableFuture<String> current = underWay;
            if (current == null || current.isDone()) {
                current = check.get();
                underWay = current;
            }
            return current;
        }
    }

    private final Check members;
    private final Check proxy;
    private final PeerClient questions;
    private final Supplier<String> metrics;
    private final String metricsEndpoint;

    /**
     * @param kv as clients see it
     * @param own a channel to the proxy itself; null where it has no address
     * @param questions to members over HTTP
     * @param metrics of the proxy
     * @param metricsEndpoint the member whose metrics are shown
     */
    ProxyPages(Kv kv, @Nullable Channel own, PeerClient questions, Supplier<String> metrics, String metricsEndpoint) {
        this.members = new Check(() -> read(kv));
        this.proxy = new Check(() -> own == null
                ? CompletableFuture.completedFuture("no connection to proxy")
                : read(new MemberKv(own)).thenCompose(error -> error.isEmpty() ? watch(own) : done(error)));
        this.questions = questions;
        this.metrics = metrics;
        this.metricsEndpoint = metricsEndpoint;
    }

    private static CompletableFuture<String> done(String error) {
        return CompletableFuture.completedFuture(error);
    }

    void addTo(Router router) {
        router.get("/health", request -> members.ask().thenApply(error -> health("/health", error)));
        router.get("/proxy/health", request -> proxy.ask().thenApply(error -> health("/proxy/health", error)));
        router.any(
                "/proxy/metrics",
                request -> CompletableFuture.completedFuture(HttpAnswer.of(
                        200,
                        "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
                        metrics.get().getBytes(StandardCharsets.UTF_8))));
        router.any("/metrics", this::metricsOfMember);
    }

    private CompletionStage<HttpAnswer> metricsOfMember(HttpRequest request) {
        String url = metricsEndpoint.startsWith("http")
                ? metricsEndpoint
                : (request.secure() ? "https://" : "http://") + metricsEndpoint;
        return questions
                .get(url + "/metrics", METRICS_LIMIT)
                .handle((reply, failure) -> failure != null
                        ? HttpAnswer.plain(500, "Internal server error\n")
                        : HttpAnswer.of(200, "text/plain; version=0.0.4", reply.body()));
    }

    private static HttpAnswer health(String path, String error) {
        JsonObject health = new JsonObject();
        health.addProperty("health", error.isEmpty() ? "true" : "false");
        health.addProperty("reason", error);
        if (error.isEmpty()) {
            return HttpAnswer.text(200, health.toString());
        }
        LOG.atWarn()
                .setMessage("serving " + path + " false")
                .addKeyValue("reason", error)
                .log();
        return HttpAnswer.plain(503, health + "\n");
    }

    /** Completes with an empty text when a key can be read, or could be by somebody else. */
    private static CompletableFuture<String> read(Kv kv) {
        CompletableFuture<String> result = new CompletableFuture<>();
        RangeRequest request = RangeRequest.newBuilder().setKey(KEY).build();
        Caller.NOBODY.runApart(() -> kv.range(request, new StreamObserver<>() {
            @Override
            public void onNext(RangeResponse response) {
                result.complete("");
            }

            @Override
            public void onError(Throwable error) {
                Status status = Status.fromThrowable(error);
                result.complete(
                        status.getCode() == Status.Code.PERMISSION_DENIED
                                ? ""
                                : "GET ERROR:"
                                        + (status.getDescription() == null
                                                ? status.getCode().name()
                                                : status.getDescription()));
            }

            @Override
            public void onCompleted() {
                // The answer has come before.
            }
        }));
        return result.completeOnTimeout(
                "GET ERROR:context deadline exceeded", READ_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static CompletableFuture<String> watch(Channel own) {
        CompletableFuture<String> result = new CompletableFuture<>();
        UpstreamWatch watch = new UpstreamWatch(
                own, Caller.NOBODY, WatchCreateRequest.newBuilder().setKey(KEY).build(), new UpstreamWatch.Listener() {
                    @Override
                    public void onResponse(UpstreamWatch from, WatchResponse response) {
                        result.complete("");
                    }

                    @Override
                    public void onEnd(UpstreamWatch from, Status status) {
                        result.complete("WATCH TIMEOUT");
                    }
                });
        watch.start();
        return result.completeOnTimeout("WATCH TIMEOUT", WATCH_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((error, failure) -> watch.cancel());
    }
}
