package dev.cairn.it.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Sets the fail points of running servers over HTTP. Thread-safe. */
public final class FailPointControl {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private FailPointControl() {}

    /** Asks the control of a server; the code and the text of its answer. */
    public static String call(ServerProcess server, String method, String path, String body) {
        try {
            HttpResponse<String> answer = CLIENT.send(
                    HttpRequest.newBuilder(URI.create(server.controlUrl() + "/" + path))
                            .method(method, HttpRequest.BodyPublishers.ofString(body))
                            .timeout(LIMIT)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            return (answer.statusCode() + " " + answer.body()).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(method + " /" + path + "\n" + server.logTail(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while setting a fail point", e);
        }
    }

    /** Sets a place. Whatever it brings about, the request for it has to be answered. */
    public static void set(ServerProcess server, String name, String terms) {
        String answer = call(server, "PUT", name, terms);
        if (!answer.equals("204")) {
            throw new AssertionError("PUT /" + name + " " + terms + ": " + answer);
        }
    }

    public static void switchOff(ServerProcess server, String name) {
        String answer = call(server, "DELETE", name, "");
        if (!answer.equals("204")) {
            throw new AssertionError("DELETE /" + name + ": " + answer);
        }
    }
}
