package dev.cairn.it.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Our server and the real one with the same flags, asked the same. Confined to the test's thread. */
final class TlsDuel implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Pattern SEEN =
            Pattern.compile("(?m)^(Protocol version|Peer certificate|Signature type|Verification(?: error)?): ?(.*)$");

    final ServerProcess ours;
    final ServerProcess real;
    private final List<String> differences = new ArrayList<>();

    private TlsDuel(ServerProcess ours, ServerProcess real) {
        this.ours = ours;
        this.real = real;
    }

    /** Two servers that are ready. @param flags of a server whose ports are known */
    static TlsDuel start(Path directory, Function<ServerProcess, List<String>> flags) {
        Path own = directory.resolve("d" + System.nanoTime());
        TlsDuel duel = new TlsDuel(
                ServerProcess.prepare(Programs.ours(), own.resolve("ours")).reserve(),
                ServerProcess.prepare(Programs.real("etcd"), own.resolve("real"))
                        .reserve());
        try {
            CompletableFuture.allOf(Stream.of(duel.ours, duel.real)
                            .map(server -> CompletableFuture.runAsync(
                                    () -> server.withFlags(flags.apply(server).toArray(String[]::new))
                                            .start()))
                            .toArray(CompletableFuture[]::new))
                    .join();
            return duel;
        } catch (RuntimeException e) {
            duel.close();
            throw e;
        }
    }

    /** Both with TLS on their client port. */
    static TlsDuel secure(Path directory, String... more) {
        return start(directory, server -> secured(server, more));
    }

    static List<String> secured(ServerProcess server, String... more) {
        List<String> flags = new ArrayList<>(
                List.of("--listen-client-urls=" + url(server), "--advertise-client-urls=" + url(server)));
        flags.addAll(List.of(more));
        return flags;
    }

    static String url(ServerProcess server) {
        return "https://" + server.target();
    }

    /** The same of both; what the real one says. Where ours says something else, {@link #check} fails. */
    String same(String what, Function<ServerProcess, String> probe) {
        String expected = probe.apply(real);
        String actual = probe.apply(ours);
        if (!actual.equals(expected)) {
            differences.add(what + "\n  ours: " + actual + "\n  real: " + expected);
        }
        return expected;
    }

    void check() {
        assertThat(String.join("\n", differences))
                .as(() -> "differences; ours " + (ours.isRunning() ? "runs" : "has ended") + ", and its log ends with\n"
                        + ours.logTail())
                .isEmpty();
    }

    /** What openssl sees of a handshake, or that it failed. */
    static String handshake(ServerProcess server, String... arguments) {
        List<String> command = new ArrayList<>(List.of("openssl", "s_client", "-brief", "-connect", server.target()));
        command.addAll(List.of(arguments));
        Command.Result result = Command.run(command, LIMIT);
        StringBuilder seen = new StringBuilder();
        Matcher matcher = SEEN.matcher(result.out() + result.err());
        while (matcher.find()) {
            seen.append(matcher.group(1)).append(": ").append(matcher.group(2)).append("; ");
        }
        return seen.length() == 0 ? "failed" : seen.toString();
    }

    /** What openssl and a server agree on by ALPN, or that the handshake failed. */
    static String protocol(ServerProcess server, String... arguments) {
        List<String> command = new ArrayList<>(List.of("openssl", "s_client", "-connect", server.target()));
        command.addAll(List.of(arguments));
        String out = Command.run(command, LIMIT).out();
        if (out.contains("no peer certificate available")) {
            return "failed";
        }
        return out.lines().filter(line -> line.contains("ALPN")).collect(Collectors.joining("; "));
    }

    /** The status of an answer that curl gets, 000 for none. */
    static String status(String... arguments) {
        List<String> command =
                new ArrayList<>(List.of("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "30"));
        command.addAll(List.of(arguments));
        return Command.run(command, LIMIT).out();
    }

    /** How etcdctl ends, with what it wrote to its output. */
    static String ctl(String... arguments) {
        List<String> command = new ArrayList<>(List.of(Programs.real("etcdctl").toString()));
        command.addAll(List.of(arguments));
        Command.Result result = Command.run(command, LIMIT);
        return result.exit() + " " + result.out();
    }

    @Override
    public void close() {
        ours.close();
        real.close();
    }
}
