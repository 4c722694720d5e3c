package dev.cairn.v2;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Requests to a {@link FakeV3} at a time that only the test moves. Confined to one thread. */
final class Session implements Clocks {
    private static final String FORM = "application/x-www-form-urlencoded";

    final FakeV3 store = new FakeV3();
    private final KeysApi keys = new KeysApi(this);
    private long nanos = 1_800_000_000_000_000_000L;

    @Override
    public long wallNanos() {
        return nanos;
    }

    @Override
    public long monotonicNanos() {
        return nanos;
    }

    void passSeconds(long seconds) {
        nanos += seconds * 1_000_000_000L;
    }

    /** The answer: its status, and its body without the line end. */
    String send(String method, String target, String form) {
        Reply.Complete complete = (Reply.Complete) serve(method, target, form);
        return complete.status() + " " + complete.body().strip();
    }

    private Reply serve(String method, String target, String form) {
        String[] parts = target.split("\\?", 2);
        KeysApi.Parsed parsed = KeysApi.parse(
                method, parts[0], parts.length == 1 ? "" : parts[1], FORM, form.getBytes(StandardCharsets.UTF_8));
        KeyRequest request = parsed.request();
        V2Error error = parsed.error();
        if (request == null) {
            return KeysApi.refused(java.util.Objects.requireNonNull(error));
        }
        CompletableFuture<Reply> reply = keys.serve(request, store).toCompletableFuture();
        store.run();
        if (!reply.isDone()) {
            throw new AssertionError("no answer to " + method + " " + target);
        }
        return reply.join();
    }

    String put(String target, String form) {
        return send("PUT", target, form);
    }

    String get(String target) {
        return send("GET", target, "");
    }

    String delete(String target) {
        return send("DELETE", target, "");
    }

    int sweep() {
        CompletableFuture<Integer> round = new Sweeping(store, this).round().toCompletableFuture();
        store.run();
        return round.join();
    }

    /** A wait that has begun. */
    Heard await(String target) {
        Heard heard = new Heard();
        ((Reply.Waiting) serve("GET", target, "")).events().begin(heard);
        store.run();
        return heard;
    }

    /** What a client that waits has been sent. */
    static final class Heard implements EventStream.Sink {
        final List<String> events = new ArrayList<>();
        boolean ended;

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void write(String event) {
            events.add(event.strip());
        }

        @Override
        public void end() {
            ended = true;
        }
    }
}
