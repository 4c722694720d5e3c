package dev.cairn.server.peer;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * Puts questions to other members over their peer URLs, without waiting for the answers. Thread-safe. The connection pool, which has a
 * thread of the JDK's, is made with the first question.
 *
 * <p>Bounded: more than {@link #UNDER_WAY_MAX} questions at a time are refused.
 */
public final class PeerClient {
    static final int UNDER_WAY_MAX = 256;

    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(2);

    /** The answer of a member. */
    public record Reply(int status, HttpHeaders headers, byte[] body) {}

    private final Executor executor;
    private final @Nullable Supplier<SSLContext> tls;
    private final @Nullable SSLParameters limits;
    private final AtomicInteger underWay = new AtomicInteger();
    private @Nullable HttpClient client;
    private @Nullable SSLContext clientContext;

    /**
     * @param executor runs what there is to do with an answer
     * @param tls asked for with each question, so that renewed certificates are used; null where members have none
     */
    public PeerClient(Executor executor, @Nullable Supplier<SSLContext> tls) {
        this(executor, tls, null);
    }

    /** @param limits versions and suites of TLS; null for those of the runtime */
    public PeerClient(Executor executor, @Nullable Supplier<SSLContext> tls, @Nullable SSLParameters limits) {
        this.limits = limits;
        this.executor = executor;
        this.tls = tls;
    }

    /** Fails when the member cannot be reached within the limit; any status is an answer. */
    public CompletableFuture<Reply> get(String url, Duration limit) {
        return ask("GET", url, Map.of(), new byte[0], limit);
    }

    /** Fails when the member cannot be reached within the limit; any status is an answer. */
    public CompletableFuture<Reply> ask(
            String method, String url, Map<String, String> headers, byte[] body, Duration limit) {
        if (underWay.incrementAndGet() > UNDER_WAY_MAX) {
            underWay.decrementAndGet();
            return CompletableFuture.failedFuture(new IllegalStateException("too many questions to other members"));
        }
        CompletableFuture<Reply> reply = new CompletableFuture<>();
        reply.whenComplete((ignored, failure) -> underWay.decrementAndGet());
        try {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
                    .timeout(limit)
                    .method(
                            method,
                            body.length == 0
                                    ? HttpRequest.BodyPublishers.noBody()
                                    : HttpRequest.BodyPublishers.ofByteArray(body));
            headers.forEach(request::header);
            client().sendAsync(request.build(), HttpResponse.BodyHandlers.ofByteArray())
                    .whenComplete((answer, failure) -> {
                        if (failure != null) {
                            reply.completeExceptionally(failure);
                        } else {
                            reply.complete(new Reply(answer.statusCode(), answer.headers(), answer.body()));
                        }
                    });
        } catch (IllegalArgumentException e) {
            // Such as the URL of a socket in the file system.
            reply.completeExceptionally(e);
        }
        return reply;
    }

    private synchronized HttpClient client() {
        SSLContext context = tls == null ? null : tls.get();
        HttpClient made = client;
        if (made == null || context != clientContext) {
            HttpClient.Builder builder = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .followRedirects(HttpClient.Redirect.NEVER)
                    .executor(executor)
                    .connectTimeout(CONNECT_LIMIT);
            if (context != null) {
                builder.sslContext(context);
                if (limits != null) {
                    builder.sslParameters(limits);
                }
            }
            made = builder.build();
            client = made;
            clientContext = context;
        }
        return made;
    }
}
