package dev.cairn.server.profile;

import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpConnection;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.Router;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import javax.management.JMException;

/**
 * The pages under {@code /debug/pprof/}, at the addresses of Go's profiles, with what a Java process has in their place: the stacks of
 * threads for {@code goroutine}, objects by class for {@code heap}, recordings of the flight recorder for {@code profile} and {@code
 * trace}. Thread-safe.
 */
public final class ProfilePages {
    private static final String PREFIX = "/debug/pprof/";
    private static final Duration PROFILE_LENGTH = Duration.ofSeconds(30);
    private static final Duration TRACE_LENGTH = Duration.ofSeconds(1);
    private static final Duration LENGTH_MAX = Duration.ofHours(1);
    private static final String INDEX = """
            <html>
            <head>
            <title>/debug/pprof/</title>
            </head>
            <body>
            /debug/pprof/
            <p>Types of profiles available:</p>
            <ul>
            <li><a href='goroutine'>goroutine</a>: stacks of all threads</li>
            <li><a href='mutex'>mutex</a>, <a href='block'>block</a>: the same, with the locks that they hold and wait for</li>
            <li><a href='threadcreate'>threadcreate</a>: names and states of all threads</li>
            <li><a href='heap'>heap</a>, <a href='allocs'>allocs</a>: objects by class; with gc=1 after a full collection</li>
            <li><a href='profile'>profile</a>: recording of the JDK's flight recorder, settings "profile", 30 seconds or as many as the
            parameter seconds says; for JDK Mission Control or the command jfr</li>
            <li><a href='trace'>trace</a>: the same with settings "default", 1 second</li>
            <li><a href='cmdline'>cmdline</a>: the command line of the process</li>
            </ul>
            </body>
            </html>
            """;

    private final Executor executor;
    private final FlightRecorder recorder;
    private final List<String> commandLine;

    /**
     * @param executor for what takes time; one thread is enough
     * @param commandLine how the process was started
     */
    public ProfilePages(Executor executor, List<String> commandLine) {
        this.executor = executor;
        this.recorder = new FlightRecorder(executor);
        this.commandLine = List.copyOf(commandLine);
    }

    private interface Report {
        String make() throws JMException;
    }

    /** Adds the pages. */
    public void addTo(Router router) {
        router.under(
                PREFIX,
                request -> CompletableFuture.completedFuture(
                        request.path().equals(PREFIX)
                                ? page("text/html; charset=utf-8", INDEX)
                                : HttpAnswer.plain(404, "Unknown profile\n")));
        report(router, "goroutine", request -> () -> Diagnostics.threads(false));
        report(router, "block", request -> () -> Diagnostics.threads(true));
        report(router, "mutex", request -> () -> Diagnostics.threads(true));
        report(router, "threadcreate", request -> ProfilePages::threadNames);
        report(router, "heap", request -> () -> Diagnostics.heap(wantsCollection(request)));
        report(router, "allocs", request -> () -> Diagnostics.heap(wantsCollection(request)));
        add(router, "cmdline", request -> done(page("text/plain; charset=utf-8", String.join("\0", commandLine))));
        add(router, "symbol", request -> done(page("text/plain; charset=utf-8", "num_symbols: 0\n")));
        add(router, "profile", request -> recording(request, "profile", PROFILE_LENGTH));
        add(router, "trace", request -> recording(request, "default", TRACE_LENGTH));
    }

    private static void add(Router router, String name, HttpHandler page) {
        router.any(PREFIX + name, page);
    }

    private static CompletionStage<HttpAnswer> done(HttpAnswer answer) {
        return CompletableFuture.completedFuture(answer);
    }

    private static HttpAnswer page(String type, String text) {
        return HttpAnswer.of(200, type, text.getBytes(StandardCharsets.UTF_8))
                .with("X-Content-Type-Options", "nosniff");
    }

    private interface Reports {
        Report of(HttpRequest request);
    }

    private void report(Router router, String name, Reports reports) {
        add(router, name, request -> {
            Report report = reports.of(request);
            CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
            try {
                executor.execute(() -> answer.complete(made(report)));
            } catch (RejectedExecutionException e) {
                answer.complete(HttpAnswer.plain(503, "too many requests\n"));
            }
            return answer;
        });
    }

    private static HttpAnswer made(Report report) {
        try {
            return page("text/plain; charset=utf-8", report.make());
        } catch (JMException | RuntimeException | LinkageError e) {
            return HttpAnswer.plain(501, "this Java runtime does not tell: " + e + "\n");
        }
    }

    private static boolean wantsCollection(HttpRequest request) {
        List<String> values = request.parameters().getOrDefault("gc", List.of());
        return !values.isEmpty() && !values.get(0).isEmpty() && !values.get(0).equals("0");
    }

    private static String threadNames() {
        StringBuilder lines = new StringBuilder();
        Thread.getAllStackTraces().keySet().stream()
                .map(thread ->
                        thread.getName() + "\t" + thread.getState() + (thread.isDaemon() ? "\tdaemon" : "") + "\n")
                .sorted()
                .forEach(lines::append);
        return lines.toString();
    }

    private CompletionStage<HttpAnswer> recording(HttpRequest request, String settings, Duration usual) {
        FlightRecorder.Session session = recorder.record(settings, length(request, usual));
        if (session == null) {
            return done(HttpAnswer.plain(500, "Could not enable profiling: a recording is under way\n"));
        }
        HttpConnection connection = request.connection();
        if (connection != null) {
            connection.whenLost(session::cancel);
        }
        return session.file().handle((file, failure) -> {
            if (failure != null || file == null) {
                return HttpAnswer.plain(500, "Could not enable profiling: " + failure + "\n");
            }
            return sent(file, connection);
        });
    }

    private static HttpAnswer sent(Path file, @org.jspecify.annotations.Nullable HttpConnection connection) {
        try {
            FileBody body = new FileBody(file);
            if (connection != null) {
                connection.eventLoop().execute(() -> connection.whenLost(body::close));
            }
            return HttpAnswer.streamed(200, body)
                    .with("Content-Type", "application/octet-stream")
                    .with("Content-Disposition", "attachment; filename=\"" + file.getFileName() + "\"")
                    .with("X-Content-Type-Options", "nosniff");
        } catch (IOException e) {
            return HttpAnswer.plain(500, "Could not read the recording: " + e + "\n");
        }
    }

    private static Duration length(HttpRequest request, Duration usual) {
        List<String> values = request.parameters().getOrDefault("seconds", List.of());
        try {
            double seconds = values.isEmpty() ? 0 : Double.parseDouble(values.get(0));
            if (!(seconds > 0)) {
                return usual;
            }
            Duration wanted = Duration.ofMillis((long) (Math.min(seconds, LENGTH_MAX.toSeconds()) * 1000));
            return wanted.compareTo(LENGTH_MAX) > 0 ? LENGTH_MAX : wanted;
        } catch (NumberFormatException e) {
            return usual;
        }
    }
}
