package dev.cairn.server.v2;

import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpConnection;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.HttpStream;
import dev.cairn.server.http.Router;
import dev.cairn.v2.ErrorCode;
import dev.cairn.v2.EventStream;
import dev.cairn.v2.KeyRequest;
import dev.cairn.v2.KeysApi;
import dev.cairn.v2.Reply;
import dev.cairn.v2.V2Error;
import dev.cairn.v2.V3;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;

/** {@code /v2/keys} and all below it. Thread-safe; a request is handled on the event loop of its connection. */
public final class KeyPages {
    private static final String ROOT = "/v2/keys";
    private static final Set<String> METHODS = Set.of("HEAD", "GET", "PUT", "POST", "DELETE");
    private static final String JSON = "application/json";

    private final KeysApi keys = new KeysApi(SystemClocks.INSTANCE);
    private final String clusterId;
    private final KeyAccess access;
    private final KeyOperations operations;
    private final Function<Executor, V3> store;

    /** @param store for one request, answering where the executor runs it */
    public KeyPages(String clusterId, KeyAccess access, KeyOperations operations, Function<Executor, V3> store) {
        this.operations = operations;
        this.clusterId = clusterId;
        this.access = access;
        this.store = store;
    }

    public void addTo(Router router) {
        router.any(ROOT, this::handle);
        router.under(ROOT + "/", this::handle);
    }

    private CompletionStage<HttpAnswer> handle(HttpRequest request) {
        HttpConnection connection = request.connection();
        if (connection == null) {
            throw new IllegalArgumentException("a request without a connection has nowhere to run");
        }
        if (!METHODS.contains(request.method())) {
            return CompletableFuture.completedFuture(
                    HttpAnswer.plain(405, "Method Not Allowed\n").with("Allow", "HEAD,GET,PUT,POST,DELETE"));
        }
        KeysApi.Parsed parsed = KeysApi.parse(
                request.method(),
                request.path().substring(ROOT.length()),
                request.query(),
                request.header("content-type"),
                request.body());
        KeyRequest asked = parsed.request();
        if (asked == null) {
            V2Error error = parsed.error() == null ? new V2Error(ErrorCode.INVALID_FORM, "", 0) : parsed.error();
            return CompletableFuture.completedFuture(whole(KeysApi.refused(error)));
        }
        return access.permits(request, asked)
                .thenComposeAsync(
                        permitted -> permitted
                                ? serve(asked, connection)
                                : CompletableFuture.completedFuture(whole(KeysApi.refused(
                                        new V2Error(ErrorCode.UNAUTHORIZED, "Insufficient credentials", 0)))),
                        connection.eventLoop());
    }

    private CompletionStage<HttpAnswer> serve(KeyRequest asked, HttpConnection connection) {
        V3 v3 = store.apply(connection.eventLoop());
        return keys.serve(asked, v3).thenApply(reply -> {
            if (reply instanceof Reply.Waiting waiting) {
                EventStream events = waiting.events();
                connection.whenLost(events::cancel);
                return withRaft(
                        withIndex(
                                HttpAnswer.streamed(200, new Body(events)).with("Content-Type", JSON), waiting.index()),
                        v3);
            }
            Reply.Complete complete = (Reply.Complete) reply;
            operations.done(asked.intent(), complete.raft());
            return complete.raft() ? withRaft(whole(complete), v3) : whole(complete);
        });
    }

    private HttpAnswer whole(Reply.Complete reply) {
        return withIndex(
                HttpAnswer.of(reply.status(), JSON, reply.body().getBytes(StandardCharsets.UTF_8)), reply.index());
    }

    private HttpAnswer withIndex(HttpAnswer answer, long index) {
        return answer.with("X-Etcd-Cluster-Id", clusterId).with("X-Etcd-Index", Long.toString(index));
    }

    private static HttpAnswer withRaft(HttpAnswer answer, V3 v3) {
        V3.RaftPosition position = v3.position();
        return answer.with("X-Raft-Index", Long.toString(position.index()))
                .with("X-Raft-Term", Long.toString(position.term()));
    }

    /** Events as the parts of an answer. */
    private static final class Body implements HttpStream {
        private final EventStream events;

        Body(EventStream events) {
            this.events = events;
        }

        @Override
        public void begin(Sink sink) {
            events.begin(new EventStream.Sink() {
                @Override
                public boolean isWritable() {
                    return sink.isWritable();
                }

                @Override
                public void write(String event) {
                    sink.write(event.getBytes(StandardCharsets.UTF_8));
                }

                @Override
                public void end() {
                    sink.end();
                }
            });
        }

        @Override
        public void onWritable() {
            events.onWritable();
        }
    }
}
