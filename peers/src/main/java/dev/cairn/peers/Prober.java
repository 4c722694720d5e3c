package dev.cairn.peers;

import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Measures the round trip to a peer, and the difference of the clocks, every few seconds. Confined to one event loop. */
final class Prober {
    private static final Logger LOG = LoggerFactory.getLogger(Prober.class);

    static final String PATH = "/raft/probing";
    private static final Duration CLOCK_DIFFERENCE_WARNING = Duration.ofSeconds(1);
    private static final Pattern OK = Pattern.compile("\"OK\"\\s*:\\s*true");
    private static final Pattern NOW = Pattern.compile("\"Now\"\\s*:\\s*\"([^\"]{1,64})\"");

    private final long peer;
    private final PeerConfig config;
    private final EventLoop loop;
    private final UrlPicker picker;
    private final PeerListener listener;
    private final HttpConnection connection;
    private @Nullable Future<?> ticks;
    private long smoothedNanos;

    /** The picker is the prober's own: a URL that fails here says nothing of the streams. */
    Prober(long peer, PeerConfig config, EventLoop loop, Dialler dialler, UrlPicker picker, PeerListener listener) {
        this.peer = peer;
        this.config = config;
        this.loop = loop;
        this.picker = picker;
        this.listener = listener;
        this.connection = new HttpConnection(config, loop, dialler, config.readTimeout());
    }

    void start() {
        long interval = config.probeInterval().toNanos();
        loop.execute(() -> ticks = loop.scheduleAtFixedRate(this::probe, interval, interval, TimeUnit.NANOSECONDS));
    }

    void stop() {
        loop.execute(() -> {
            Future<?> running = ticks;
            if (running != null) {
                running.cancel(false);
            }
            connection.close();
        });
    }

    private void probe() {
        if (connection.isBusy()) {
            return;
        }
        PeerUrl url = picker.pick();
        long begun = System.nanoTime();
        connection.request(url, HttpMethod.GET, PATH, null, Unpooled.EMPTY_BUFFER, result -> {
            String failure = take(result, System.nanoTime() - begun);
            if (failure != null) {
                picker.unreachable(url);
                LOG.atWarn()
                        .setMessage("prober detected unhealthy status")
                        .addKeyValue("remote-peer-id", Long.toHexString(peer))
                        .addKeyValue("rtt", Duration.ofNanos(smoothedNanos))
                        .addKeyValue("error", failure)
                        .log();
            }
        });
    }

    /** Null if the answer is a good one. */
    private @Nullable String take(HttpConnection.Result result, long nanos) {
        if (result instanceof HttpConnection.Result.Failure failure) {
            return failure.reason();
        }
        HttpConnection.Result.Answer answer = (HttpConnection.Result.Answer) result;
        if (answer.status() != 200 || !OK.matcher(answer.body()).find()) {
            return "got unexpected HTTP status code " + answer.status();
        }
        smoothedNanos = smoothedNanos == 0 ? nanos : (7 * smoothedNanos + nanos) / 8;
        listener.roundTrip(peer, smoothedNanos);
        Matcher now = NOW.matcher(answer.body());
        if (now.find()) {
            compareClocks(now.group(1));
        }
        return null;
    }

    private void compareClocks(String remote) {
        Duration difference;
        try {
            difference = Duration.between(OffsetDateTime.parse(remote).toInstant(), Instant.now())
                    .minusNanos(smoothedNanos / 2);
        } catch (DateTimeException e) {
            // A clock that cannot be read is not worth giving up the peer.
            return;
        }
        if (difference.abs().compareTo(CLOCK_DIFFERENCE_WARNING) > 0) {
            LOG.atWarn()
                    .setMessage("prober found high clock drift")
                    .addKeyValue("remote-peer-id", Long.toHexString(peer))
                    .addKeyValue("clock-drift", difference)
                    .addKeyValue("rtt", Duration.ofNanos(smoothedNanos))
                    .log();
        }
    }
}
