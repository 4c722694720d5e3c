package dev.cairn.bench.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One server process of either kind, which may be ended and started again on the same data. Confined to one thread, but for what it
 * uses up.
 */
public final class Server implements AutoCloseable {
    private static final String READY = "ready to serve client requests";
    private static final int REMEMBERED_LINES = 20;

    /** More than any work here fills, and the same for both. */
    private static final String QUOTA = "--quota-backend-bytes=" + (16L << 30);

    private final List<String> command;
    private final String target;
    private volatile @Nullable Process process;
    private long launchedAtNanos;

    /**
     * Starts nothing yet.
     *
     * @param cluster what {@code --initial-cluster} says
     * @param further options besides addresses, name and data directory
     */
    Server(Setting setting, Path binary, Path data, String name, Ports ports, String cluster, List<String> further) {
        String scheme = setting == Setting.TLS ? "https" : "http";
        target = ports.client();
        command = new ArrayList<>(setting.prefix());
        command.addAll(List.of(
                binary.toString(),
                "--name=" + name,
                "--data-dir=" + data,
                "--listen-client-urls=" + scheme + "://" + target,
                "--advertise-client-urls=" + scheme + "://" + target,
                "--listen-peer-urls=" + ports.peerUrl(),
                "--initial-advertise-peer-urls=" + ports.peerUrl(),
                "--initial-cluster=" + cluster,
                QUOTA));
        command.addAll(further);
    }

    /** A member of its own on a data directory that outlives it; not started yet. */
    public static Server on(Path binary, Path data) throws IOException {
        Ports ports = Ports.free(1).get(0);
        return new Server(Setting.PLAIN, binary, data, "default", ports, "default=" + ports.peerUrl(), List.of());
    }

    /** Host and port for clients. */
    public String target() {
        return target;
    }

    /**
     * Returns when it serves.
     *
     * @return milliseconds from the start of the process until then
     * @throws IllegalStateException if it ends before
     */
    public double start() throws IOException {
        launch();
        return awaitReady();
    }

    /** Returns at once: a member of three serves when another one does. */
    void launch() throws IOException {
        launchedAtNanos = System.nanoTime();
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    /** When the process was started last, as {@link System#nanoTime()} tells it. */
    public long launchedAtNanos() {
        return launchedAtNanos;
    }

    double awaitReady() throws IOException {
        BufferedReader log = running().inputReader();
        Deque<String> said = new ArrayDeque<>();
        for (String line = log.readLine(); line != null; line = log.readLine()) {
            if (line.contains(READY)) {
                double millis = (System.nanoTime() - launchedAtNanos) / 1e6;
                Thread drain = new Thread(() -> drain(log), "log");
                drain.setDaemon(true);
                drain.start();
                return millis;
            }
            if (said.size() == REMEMBERED_LINES) {
                said.removeFirst();
            }
            said.addLast(line);
        }
        throw new IllegalStateException("the server ended before it was ready:\n" + String.join("\n", said));
    }

    private static void drain(BufferedReader log) {
        try {
            while (log.readLine() != null) {
                // A server whose log nobody reads stands still.
            }
        } catch (IOException e) {
            // It has ended.
        }
    }

    /** What the process that was started last uses up. */
    public Usage usage() {
        return new Usage(running().pid());
    }

    private Process running() {
        Process started = process;
        if (started == null) {
            throw new IllegalStateException(target + " was not started");
        }
        return started;
    }

    /** As an operator ends it; returns when it has ended. */
    public void stop() {
        Process started = process;
        if (started == null) {
            return;
        }
        started.destroy();
        try {
            if (!started.waitFor(60, TimeUnit.SECONDS)) {
                started.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            started.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** As {@code kill -9} ends it; returns at once. */
    public void kill() {
        running().destroyForcibly();
    }

    /** Returns when it has ended after {@link #kill()}. */
    public void awaitEnd() throws IOException {
        try {
            if (!running().waitFor(60, TimeUnit.SECONDS)) {
                throw new IOException(target + " does not end");
            }
        } catch (InterruptedException e) {
            throw Waiting.interrupted(e);
        }
    }

    @Override
    public void close() {
        stop();
    }
}
