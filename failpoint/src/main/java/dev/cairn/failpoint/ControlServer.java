package dev.cairn.failpoint;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Control of the places over HTTP, with the paths, codes and texts of etcd's: {@code GET /} lists them, {@code GET /name} tells the terms of
 * one and {@code GET /name/count} how often they were carried out, {@code PUT /name} sets it, {@code PUT /failpoints} sets several,
 * {@code DELETE /name} switches it off.
 *
 * <p>Meant for tests: it asks nobody who he is. Runs on the JDK's HTTP server and {@value #THREADS} threads of its own.
 *
 * <p><b>Bounds.</b> {@value #WAITING_MAX} requests wait, what comes then is closed; a request has {@value #REQUEST_SECONDS} seconds to
 * arrive, and a body at most {@value #BODY_BYTES_MAX} bytes.
 */
final class ControlServer {
    private static final int THREADS = 2;
    private static final int WAITING_MAX = 16;
    private static final int REQUEST_SECONDS = 10;
    static final int BODY_BYTES_MAX = 64 << 10;
    private static final String LIST = "failpoints";
    private static final String COUNT = "/count";

    /** What is answered; a body of null sends none. */
    private record Reply(int code, @Nullable String body) {
        static final Reply DONE = new Reply(204, null);

        static Reply error(int code, String text) {
            return new Reply(code, text + "\n");
        }
    }

    private final HttpServer server;
    private final ThreadPoolExecutor threads;

    private ControlServer(HttpServer server) {
        this.server = server;
        this.threads = new ThreadPoolExecutor(
                THREADS, THREADS, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING_MAX), task -> {
                    Thread thread = new Thread(task, "etcd-failpoint");
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** Serves on {@code host:port}; without a host on all addresses. */
    static ControlServer start(String address) throws IOException {
        // The JDK's server has no other way to be told; nobody else in this process uses it.
        System.setProperty("sun.net.httpserver.maxReqTime", Integer.toString(REQUEST_SECONDS));
        ControlServer control = new ControlServer(HttpServer.create(parse(address), WAITING_MAX));
        control.server.createContext("/", control::serve);
        control.server.setExecutor(control.threads);
        control.server.start();
        return control;
    }

    private static InetSocketAddress parse(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        if (colon < 0) {
            throw new IOException("missing port in address");
        }
        String host = address.substring(0, colon).replaceAll("^\\[(.*)]$", "$1");
        int port;
        try {
            port = Integer.parseInt(address.substring(colon + 1));
            InetSocketAddress parsed = host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port);
            if (parsed.isUnresolved()) {
                throw new IOException("no such host");
            }
            return parsed;
        } catch (IllegalArgumentException e) {
            throw new IOException("invalid port", e);
        }
    }

    int port() {
        return server.getAddress().getPort();
    }

    void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            // Read to its end before anything is done: bytes that nobody has read would have the answer thrown away
            // with the process.
            byte[] body = read(exchange.getRequestBody());
            FailPoints.answering(() -> {
                send(exchange, reply(exchange, body));
                exchange.close();
            });
        }
    }

    private static byte @Nullable [] read(InputStream in) throws IOException {
        byte[] body = in.readNBytes(BODY_BYTES_MAX + 1);
        return body.length > BODY_BYTES_MAX ? null : body;
    }

    private static void send(HttpExchange exchange, Reply reply) throws IOException {
        if (reply.body() == null) {
            exchange.sendResponseHeaders(reply.code(), -1);
            return;
        }
        byte[] bytes = reply.body().getBytes(UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        if (reply.code() >= 400) {
            exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
        }
        exchange.sendResponseHeaders(reply.code(), bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static Reply reply(HttpExchange exchange, byte @Nullable [] body) {
        String path = exchange.getRequestURI().toString();
        if (!path.startsWith("/")) {
            return Reply.error(400, "malformed request URI");
        }
        String name = path.substring(1);
        switch (exchange.getRequestMethod()) {
            case "PUT" -> {
                return body == null ? Reply.error(400, "failed ReadAll in PUT") : put(name, new String(body, UTF_8));
            }
            case "GET" -> {
                return get(name);
            }
            case "DELETE" -> {
                return delete(name);
            }
            default -> {
                exchange.getResponseHeaders().set("Allow", "PUT");
                return Reply.error(405, "Method not allowed");
            }
        }
    }

    private static Reply put(String name, String text) {
        Map<String, String> all = new LinkedHashMap<>();
        if (name.equalsIgnoreCase(LIST)) {
            String wrong = FailPoints.split(text, all);
            if (wrong != null) {
                return Reply.error(400, "fail to parse failpoint: " + wrong);
            }
        } else {
            all.put(name, text);
        }
        for (Map.Entry<String, String> each : all.entrySet()) {
            String refusal = FailPoints.enable(each.getKey(), each.getValue());
            if (refusal != null) {
                return Reply.error(400, "fail to set failpoint: " + refusal);
            }
        }
        return Reply.DONE;
    }

    private static Reply get(String name) {
        if (name.isEmpty()) {
            StringBuilder lines = new StringBuilder();
            for (FailPoint point : FailPoint.inOrder()) {
                Terms terms = point.terms();
                lines.append(point.etcdName())
                        .append('=')
                        .append(terms == null ? "" : terms.text())
                        .append('\n');
            }
            return new Reply(200, lines.toString());
        }
        boolean counts = name.endsWith(COUNT);
        FailPoint point = FailPoint.named(counts ? name.substring(0, name.length() - COUNT.length()) : name);
        Terms terms = point == null ? null : point.terms();
        if (terms != null) {
            return new Reply(200, counts ? Long.toString(terms.passes()) : terms.text() + "\n");
        }
        String reason = "failed to GET: " + why(point);
        if (counts) {
            return Reply.error(point == null ? 404 : 500, reason);
        }
        // The line behind the error is where etcd has the terms.
        return Reply.error(404, reason + "\n");
    }

    private static Reply delete(String name) {
        FailPoint point = FailPoint.named(name);
        if (point == null || point.terms() == null) {
            return Reply.error(400, "failed to delete failpoint " + why(point));
        }
        point.set(null);
        return Reply.DONE;
    }

    private static String why(@Nullable FailPoint point) {
        return point == null ? "failpoint: failpoint does not exist" : "failpoint: failpoint is disabled";
    }
}
