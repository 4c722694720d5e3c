package dev.cairn.it.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.testing.Ports;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A gateway or gRPC proxy, ours or etcd's own, on a port of its own. Confined to one thread. */
final class ProxyProcess implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final String READY = "successfully notified init daemon";

    private final Process process;
    private final Path log;
    private final int port;

    private ProxyProcess(Process process, Path log, int port) {
        this.process = process;
        this.log = log;
        this.port = port;
    }

    /**
     * Starts a proxy and waits until it serves.
     *
     * @param kind gateway or grpc-proxy
     * @param directory takes its log
     */
    static ProxyProcess start(Path binary, String kind, Path directory, String... flags) {
        return start(binary, kind, directory, Ports.next(), flags);
    }

    static ProxyProcess start(Path binary, String kind, Path directory, int port, String... flags) {
        List<String> command = new ArrayList<>(List.of(binary.toString(), kind, "start"));
        command.add("--listen-addr=127.0.0.1:" + port);
        command.addAll(List.of(flags));
        try {
            Path log = Files.createTempFile(directory, kind, ".log");
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile());
            builder.environment().keySet().removeIf(name -> name.startsWith("ETCD"));
            builder.environment().putIfAbsent("CAIRN_PROFILE", "small");
            ProxyProcess proxy = new ProxyProcess(builder.start(), log, port);
            try {
                await().atMost(START_LIMIT)
                        .failFast("the proxy ended", () -> !proxy.process.isAlive())
                        .until(() -> proxy.log().contains(READY));
            } catch (RuntimeException e) {
                proxy.close();
                throw new AssertionError("Not ready: " + command + "\n" + proxy.log(), e);
            }
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String target() {
        return "127.0.0.1:" + port;
    }

    String log() {
        try (InputStream in = Files.newInputStream(log)) {
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs the official client through the proxy. */
    Command.Result etcdctl(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Programs.real("etcdctl").toString());
        command.add("--endpoints=" + target());
        command.addAll(List.of(arguments));
        return Command.run(command, Duration.ofSeconds(30));
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
