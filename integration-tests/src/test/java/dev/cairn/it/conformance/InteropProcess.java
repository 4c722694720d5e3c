package dev.cairn.it.conformance;

import dev.cairn.it.process.Command;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A running {@link InteropServer} with two ports, one of which speaks TLS. Confined to one thread. */
final class InteropProcess implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final Command process;
    private final int plainPort;
    private final int securePort;

    private InteropProcess(Command process, int plainPort, int securePort) {
        this.process = process;
        this.plainPort = plainPort;
        this.securePort = securePort;
    }

    static InteropProcess start(Transport transport, Path directory, Path certificate, Path key, String... flags) {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                transport.option(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                InteropServer.class.getName(),
                "--listen-client-urls=http://127.0.0.1:0,https://127.0.0.1:0",
                "--advertise-client-urls=http://127.0.0.1:0",
                "--cert-file=" + certificate,
                "--key-file=" + key));
        command.addAll(List.of(flags));
        Command process = Command.start(command, Map.of(), directory);
        try {
            List<Integer> ports = process.awaitLines(2, START_LIMIT)
                    .lines()
                    .map(Integer::valueOf)
                    .toList();
            return new InteropProcess(process, ports.get(0), ports.get(1));
        } catch (AssertionError | RuntimeException e) {
            process.kill();
            throw e;
        }
    }

    int port(boolean secure) {
        return secure ? securePort : plainPort;
    }

    @Override
    public void close() {
        process.kill();
    }
}
