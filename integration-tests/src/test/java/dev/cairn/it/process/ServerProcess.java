package dev.cairn.it.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cairn.testing.Ports;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One server, ours or etcd's own, with a data directory that outlives the process: started, killed, stopped and started
 * again. Confined to one thread, apart from the thread that reads the log.
 *
 * <p>Ready means: the log line that etcd writes then has been seen. The client port is chosen once and kept over
 * restarts, as a client that reconnects needs it. The last lines of the log go into every failure.
 */
public final class ServerProcess implements AutoCloseable {
    private static final String READY = "ready to serve client requests";
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final int LOG_LINES_MAX = 200;

    private Path binary;
    private final Path directory;
    private List<String> flags;
    private List<String> peerTls = List.of();
    private List<String> launcher = List.of();
    private Map<String, String> variables = Map.of();
    private String host = "127.0.0.1";
    private int clientPort;
    private int peerPort;
    private boolean controlled;
    private int controlPort;
    private String startTerms = "";
    private @Nullable Process process;
    private @Nullable Thread reader;
    private final Deque<String> log = new ArrayDeque<>();

    private ServerProcess(Path binary, Path directory, List<String> flags) {
        this.binary = binary;
        this.directory = directory;
        this.flags = List.copyOf(flags);
    }

    /** A server that is not running yet; {@code directory} takes its data and its log. */
    public static ServerProcess prepare(Path binary, Path directory, String... flags) {
        return new ServerProcess(binary, directory, List.of(flags));
    }

    /** A server that is ready. */
    public static ServerProcess start(Path binary, Path directory, String... flags) {
        ServerProcess server = prepare(binary, directory, flags);
        server.start();
        return server;
    }

    /** Chooses the ports now, because others have to be told of them before the first start. */
    public ServerProcess reserve() {
        clientPort = Ports.next();
        peerPort = Ports.next();
        return this;
    }

    /** The flags of the next start, behind those that every server gets; the last of the same name counts. */
    public ServerProcess withFlags(String... more) {
        flags = List.of(more);
        return this;
    }

    /** Environment variables of the next starts. */
    public ServerProcess withVariables(Map<String, String> more) {
        variables = Map.copyOf(more);
        return this;
    }

    /** The program of the next start, on the same data and ports. */
    public ServerProcess withProgram(Path program) {
        binary = program;
        return this;
    }

    /** The next start finds no data; what there was is set aside. */
    public ServerProcess withoutData() {
        try {
            Files.move(dataDirectory(), directory.resolve("data-" + System.nanoTime()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Has the server run on a machine of this network. */
    public ServerProcess on(Network network, int machine) {
        launcher = network.launcher(machine);
        host = network.host(machine);
        return this;
    }

    /** Has members speak TLS among each other, as these flags tell; they go with every start. */
    public ServerProcess withPeerTls(List<String> tlsFlags) {
        peerTls = List.copyOf(tlsFlags);
        return this;
    }

    /** From the next start on its fail points are under control, at {@link #controlUrl}. */
    public ServerProcess withFailPoints() {
        controlled = true;
        return this;
    }

    /** Sets fail points for the next starts, as {@code name=terms;name=terms}; none by an empty text. */
    public ServerProcess startWith(String terms) {
        startTerms = terms;
        return this;
    }

    /** Starts the process and waits until it is ready. */
    public void start() {
        String failure = tryStart(START_LIMIT);
        if (failure != null) {
            throw new AssertionError(failure + "\n" + logTail());
        }
    }

    /** Starts the process; null when it got ready, otherwise why not. The process is gone then. */
    public @Nullable String tryStart(Duration limit) {
        if (process != null && process.isAlive()) {
            throw new IllegalStateException("already running");
        }
        if (clientPort == 0) {
            clientPort = Ports.next();
            peerPort = Ports.next();
        }
        List<String> command = new ArrayList<>(launcher);
        command.addAll(List.of(
                binary.toString(),
                "--name=default",
                "--data-dir=" + dataDirectory(),
                "--listen-client-urls=" + clientUrl(),
                "--advertise-client-urls=" + clientUrl(),
                "--listen-peer-urls=" + peerUrl(),
                "--initial-advertise-peer-urls=" + peerUrl(),
                "--initial-cluster=default=" + peerUrl()));
        command.addAll(peerTls);
        command.addAll(flags);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("ETCD") || name.startsWith("GOFAIL"));
        // Hundreds of servers that live for seconds: compiling them well is most of what they would do.
        builder.environment().putIfAbsent("CAIRN_PROFILE", "small");
        builder.environment().putAll(variables);
        if (controlled) {
            controlPort = Ports.next();
            builder.environment().put("GOFAIL_HTTP", "127.0.0.1:" + controlPort);
        }
        if (!startTerms.isEmpty()) {
            builder.environment().put("GOFAIL_FAILPOINTS", startTerms);
        }
        CompletableFuture<@Nullable Void> ready = new CompletableFuture<>();
        Process started;
        try {
            Files.createDirectories(directory);
            synchronized (log) {
                log.clear();
            }
            started = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        process = started;
        reader = new Thread(() -> read(started, ready), "server-log");
        reader.setDaemon(true);
        reader.start();
        try {
            ready.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            return null;
        } catch (ExecutionException e) {
            join(started);
            return binary + " ended before it was ready, exit code " + started.exitValue();
        } catch (TimeoutException e) {
            kill();
            return binary + " was not ready after " + limit;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            kill();
            throw new AssertionError("Interrupted while starting " + binary, e);
        }
    }

    /** SIGKILL, and waits for the end. */
    public void kill() {
        Process current = Objects.requireNonNull(process, "never started");
        // A launcher may have left a child behind if it does not replace itself with the server.
        current.descendants().forEach(ProcessHandle::destroyForcibly);
        current.destroyForcibly();
        join(current);
    }

    /** SIGTERM, and waits for the end; the exit code as the shell would see it. */
    public int terminate(Duration limit) {
        Process current = Objects.requireNonNull(process, "never started");
        // Not Process.destroy: that also closes the pipe, and the server would die of its next log line.
        current.toHandle().destroy();
        try {
            if (!current.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                kill();
                throw new AssertionError("Still running " + limit + " after SIGTERM\n" + logTail());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while stopping " + binary, e);
        }
        join(current);
        return current.exitValue();
    }

    /** Waits until the process has ended by itself; its exit code, or null when it goes on. */
    public @Nullable Integer awaitEnd(Duration limit) {
        Process current = Objects.requireNonNull(process, "never started");
        try {
            if (!current.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                return null;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while waiting for the end of " + binary, e);
        }
        join(current);
        return current.exitValue();
    }

    /** Waits until the condition holds; a failure tells what was waited for. */
    public void await(String what, Duration limit, Callable<Boolean> condition) {
        try {
            Awaitility.await(what)
                    .atMost(limit)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(20))
                    .until(condition);
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("Not within " + limit + ": " + what + "\n" + logTail(), e);
        }
    }

    public boolean isRunning() {
        return process != null && process.isAlive();
    }

    public long pid() {
        return Objects.requireNonNull(process, "never started").pid();
    }

    /** Host and port for gRPC and the tools. */
    public String target() {
        return host + ":" + clientPort;
    }

    public int clientPort() {
        return clientPort;
    }

    public String clientUrl() {
        return "http://" + host + ":" + clientPort;
    }

    /** Where other members find it. */
    public String peerUrl() {
        return (peerTls.isEmpty() ? "http" : "https") + "://" + host + ":" + peerPort;
    }

    /** Where its fail points are controlled. */
    public String controlUrl() {
        return "http://127.0.0.1:" + controlPort;
    }

    public Path dataDirectory() {
        return directory.resolve("data");
    }

    /** What all runs have logged. */
    public String log() {
        try {
            return Files.readString(directory.resolve("server.log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The last lines of the log of this run. */
    public String logTail() {
        synchronized (log) {
            return "--- log of " + binary + " (" + directory + ")\n" + String.join("\n", log);
        }
    }

    @Override
    public void close() {
        if (isRunning()) {
            kill();
        }
    }

    private void read(Process from, CompletableFuture<@Nullable Void> ready) {
        Path file = directory.resolve("server.log");
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(from.getInputStream(), UTF_8));
                var copy = Files.newBufferedWriter(file, UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                copy.write(line);
                copy.newLine();
                copy.flush();
                synchronized (log) {
                    if (log.size() == LOG_LINES_MAX) {
                        log.removeFirst();
                    }
                    log.addLast(line);
                }
                if (line.contains(READY)) {
                    ready.complete(null);
                }
            }
        } catch (IOException e) {
            // The pipe of a killed process breaks; what has been read is in the log.
            synchronized (log) {
                log.addLast("(log cut off: " + e.getMessage() + ")");
            }
        }
        ready.completeExceptionally(new IOException("end of the log"));
    }

    private void join(Process ended) {
        try {
            ended.waitFor();
            Objects.requireNonNull(reader).join(Duration.ofSeconds(10).toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while waiting for the end of " + binary, e);
        }
    }
}
