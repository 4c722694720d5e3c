package dev.cairn.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.it.tls.Authority;
import dev.cairn.testing.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * h2spec against both transports of the client port, in three ways: against a server, with TLS and without; and against calls. h2spec knows
 * plain requests only, which a server of gRPC refuses at once, so that nothing is left of the stream that a case goes on to look at; with a
 * {@link CallProxy} in between, the same cases meet streams of calls.
 *
 * <p>All runs are under way at once, as most of their time is waiting. Each case passes, or stands in {@link H2SpecExceptions}; a case there
 * that passes fails the test too.
 */
@Tag("client")
@Timeout(240)
class H2SpecTest {
    private static final int CASES = 146;

    /** h2spec begins as many streams as it is told that it may, and one more: without a limit it does not come to its end. */
    private static final String STREAMS = "--max-concurrent-streams=100";

    /** What a run is about. */
    record Way(Transport transport, Kind kind) {
        enum Kind {
            SERVER,
            SERVER_WITH_TLS,
            CALLS
        }
    }

    private static final Map<Way, H2Spec> RUNS = new LinkedHashMap<>();
    private static final List<AutoCloseable> OPENED = new ArrayList<>();

    @TempDir
    @SuppressWarnings("NullAway.Init") // Set before the first use.
    static Path directory;

    @BeforeAll
    static void start() throws GeneralSecurityException, IOException {
        Programs.real("h2spec");
        Path certificate = directory.resolve("server.crt");
        Path key = directory.resolve("server.key");
        Authority.write(new Authority().issue("server", "localhost"), certificate, key);
        for (Transport transport : Transport.values()) {
            Path own = Files.createDirectories(directory.resolve(transport.name()));
            ServerProcess server = opened(ServerProcess.prepare(Programs.ours(), own)
                    .withVariables(Map.of("CAIRN_JAVA_OPTS", transport.option()))
                    .reserve());
            int securePort = Ports.next();
            server.withFlags(
                            STREAMS,
                            "--listen-client-urls=" + server.clientUrl() + ",https://127.0.0.1:" + securePort,
                            "--cert-file=" + certificate,
                            "--key-file=" + key)
                    .start();
            run(transport, Way.Kind.SERVER, server.clientPort(), "/");
            run(transport, Way.Kind.SERVER_WITH_TLS, securePort, "/");
            InteropProcess calls = opened(InteropProcess.start(transport, own, certificate, key, STREAMS));
            CallProxy proxy = opened(CallProxy.start(calls.port(false)));
            run(transport, Way.Kind.CALLS, proxy.port(), "/" + InteropService.GREETER + "/" + InteropService.GREET);
        }
    }

    private static <T extends AutoCloseable> T opened(T resource) {
        OPENED.add(resource);
        return resource;
    }

    private static void run(Transport transport, Way.Kind kind, int port, String path) {
        H2Spec run = H2Spec.start(port, kind == Way.Kind.SERVER_WITH_TLS, path, directory);
        OPENED.add(run::kill);
        RUNS.put(new Way(transport, kind), run);
    }

    @AfterAll
    static void stop() throws Exception {
        RUNS.clear();
        for (AutoCloseable resource : OPENED) {
            resource.close();
        }
        OPENED.clear();
    }

    static Stream<Way> ways() {
        return Stream.of(Transport.values())
                .flatMap(transport -> Stream.of(Way.Kind.values()).map(kind -> new Way(transport, kind)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void shouldConform(Way way) {
        Map<String, H2Spec.Outcome> outcomes =
                Objects.requireNonNull(RUNS.get(way)).await();
        assertThat(outcomes).as("cases of h2spec").hasSize(CASES);
        Map<String, String> always = H2SpecExceptions.always(way.transport(), way.kind() == Way.Kind.CALLS);
        Map<String, String> sometimes = H2SpecExceptions.sometimes(way.transport());
        Map<String, String> wrong = new TreeMap<>();
        outcomes.forEach((name, outcome) -> {
            boolean passed = outcome.kind() == H2Spec.Outcome.Kind.PASSED;
            if (passed == always.containsKey(name) && !sometimes.containsKey(name)) {
                wrong.put(name, passed ? "passes, and stands among the exceptions" : outcome.toString());
            }
        });
        assertThat(wrong).isEmpty();
        assertThat(outcomes.keySet())
                .as("exceptions are cases of h2spec")
                .containsAll(always.keySet())
                .containsAll(sometimes.keySet());
    }
}
