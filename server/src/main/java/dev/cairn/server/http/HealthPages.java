package dev.cairn.server.http;

import dev.cairn.server.http.HealthSource.Alarm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Thread-safe. {@code /health}, {@code /livez} and {@code /readyz} with etcd's words.
 *
 * <ul>
 *   <li>{@code /health}: no alarm, a leader, and a read succeeds, in this order; {@code serializable=true} leaves the leader out and
 *       reads locally; {@code exclude=<alarm>} looks past an alarm.
 *   <li>{@code /livez}: {@code serializable_read}.
 *   <li>{@code /readyz}: {@code data_corruption}, {@code serializable_read}, {@code linearizable_read}, {@code non_learner}. Being out
 *       of space does not make a member unready: it still reads.
 * </ul>
 *
 * Each check of the last two has a page of its own below them; on the pages of all {@code exclude=<check>} leaves one out, {@code
 * verbose} lists them.
 */
public final class HealthPages {
    private static final Logger LOG = LoggerFactory.getLogger(HealthPages.class);

    /** Two election timeouts of five seconds' slack, as a request of a client has. */
    private static final Duration READ_LIMIT = Duration.ofSeconds(7);

    private static final int EXCLUDED_MAX = 100;

    private final HealthSource source;
    private final HealthCounter counter;
    private final Duration readLimit;

    /** Told of every result, for the metrics. */
    public interface HealthCounter {
        /** The outcome of {@code /health}. */
        void health(boolean healthy);

        /**
         * The outcome of one check.
         *
         * @param page livez or readyz
         */
        void check(String page, String name, boolean passed);
    }

    public HealthPages(HealthSource source, HealthCounter counter) {
        this(source, counter, READ_LIMIT);
    }

    HealthPages(HealthSource source, HealthCounter counter, Duration readLimit) {
        this.source = source;
        this.counter = counter;
        this.readLimit = readLimit;
    }

    /** Adds the pages. */
    public void addTo(Router router) {
        router.get("/health", this::health);
        addChecks(router, "livez", List.of("serializable_read"));
        addChecks(
                router, "readyz", List.of("data_corruption", "serializable_read", "linearizable_read", "non_learner"));
    }

    private void addChecks(Router router, String page, List<String> checks) {
        router.get("/" + page, request -> {
            List<String> excluded = request.parameters().getOrDefault("exclude", List.of());
            return checks(page, checks, excluded, request);
        });
        for (String check : checks) {
            router.get("/" + page + "/" + check, request -> checks(page, List.of(check), List.of(), request));
        }
    }

    private CompletionStage<HttpAnswer> health(HttpRequest request) {
        Map<String, List<String>> parameters = request.parameters();
        List<String> excluded = parameters.getOrDefault("exclude", List.of());
        boolean serializable = parameters.getOrDefault("serializable", List.of()).stream()
                .findFirst()
                .orElse("")
                .equals("true");
        for (Alarm alarm : Alarm.values()) {
            if (source.alarms().contains(alarm) && !excluded.contains(alarm.name())) {
                return CompletableFuture.completedFuture(health("ALARM " + alarm.name()));
            }
        }
        if (!serializable && !source.hasLeader()) {
            return CompletableFuture.completedFuture(health("RAFT NO LEADER"));
        }
        return read(!serializable).thenApply(error -> health(error.isEmpty() ? "" : "RANGE ERROR:" + error));
    }

    /** An empty reason is good health. */
    private HttpAnswer health(String reason) {
        boolean healthy = reason.isEmpty();
        counter.health(healthy);
        if (healthy) {
            return HttpAnswer.text(200, "{\"health\":\"true\",\"reason\":\"\"}");
        }
        LOG.atWarn()
                .setMessage("serving /health false")
                .addKeyValue("reason", reason)
                .log();
        return HttpAnswer.plain(503, "{\"health\":\"false\",\"reason\":" + Json.quote(reason) + "}\n");
    }

    private CompletionStage<HttpAnswer> checks(
            String page, List<String> checks, List<String> excluded, HttpRequest request) {
        boolean verbose = request.parameters().containsKey("verbose");
        Map<String, CompletionStage<String>> results = new LinkedHashMap<>();
        for (String check : checks) {
            if (!excluded.subList(0, Math.min(excluded.size(), EXCLUDED_MAX)).contains(check)) {
                results.put(check, check(check));
            }
        }
        CompletableFuture<?>[] all = new CompletableFuture<?>[results.size()];
        int next = 0;
        for (CompletionStage<String> result : results.values()) {
            all[next++] = result.toCompletableFuture();
        }
        return CompletableFuture.allOf(all).thenApply(done -> {
            Map<String, String> errors = new LinkedHashMap<>();
            results.forEach((check, result) ->
                    errors.put(check, result.toCompletableFuture().join()));
            return report(page, errors, verbose);
        });
    }

    private HttpAnswer report(String page, Map<String, String> errors, boolean verbose) {
        StringBuilder lines = new StringBuilder();
        List<String> failed = new ArrayList<>();
        errors.forEach((check, error) -> {
            counter.check(page, check, error.isEmpty());
            if (error.isEmpty()) {
                lines.append("[+]").append(check).append(" ok\n");
            } else {
                lines.append("[-]")
                        .append(check)
                        .append(" failed: ")
                        .append(error)
                        .append('\n');
                failed.add(check);
            }
        });
        if (!failed.isEmpty()) {
            LOG.atError()
                    .setMessage("Health check error")
                    .addKeyValue("path", "/" + page)
                    .addKeyValue("reason", lines.toString())
                    .addKeyValue("status-code", 503)
                    .log();
            return HttpAnswer.plain(503, lines + "\n");
        }
        return HttpAnswer.plain(200, (verbose ? lines : "") + "ok\n");
    }

    /** Completes with the text of the error, empty when the check passes. */
    private CompletionStage<String> check(String check) {
        return switch (check) {
            case "serializable_read" -> read(false);
            case "linearizable_read" -> read(true);
            case "data_corruption" ->
                CompletableFuture.completedFuture(
                        source.alarms().contains(Alarm.CORRUPT) ? "alarm activated: CORRUPT" : "");
            case "non_learner" ->
                CompletableFuture.completedFuture(source.isLearner() ? "not supported for learner" : "");
            default -> throw new IllegalArgumentException("unknown check " + check);
        };
    }

    private CompletionStage<String> read(boolean linearizable) {
        return source.read(linearizable)
                .toCompletableFuture()
                .thenApply(value -> "")
                .orTimeout(readLimit.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionally(HealthPages::text);
    }

    private static String text(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof TimeoutException) {
            return "context deadline exceeded";
        }
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }

    /** The alarms of a source as a set that may be compared; a convenience for callers that hold flags. */
    public static Set<Alarm> alarms(boolean noSpace, boolean corrupt) {
        if (noSpace && corrupt) {
            return Set.of(Alarm.NOSPACE, Alarm.CORRUPT);
        }
        return noSpace ? Set.of(Alarm.NOSPACE) : corrupt ? Set.of(Alarm.CORRUPT) : Set.of();
    }
}
