package dev.cairn.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.tls.Authority;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * gRPC's interoperability tests: the client of gRPC's Go implementation, the one that etcd's own clients are built on, against our client
 * port on both of its transports, with TLS and without. Every case that the client knows is run or skipped with its reason.
 */
@Tag("client")
@Timeout(60)
class GrpcInteropTest {
    private static final Duration LIMIT = Duration.ofSeconds(50);

    private static final List<String> CASES = List.of(
            "empty_unary",
            "large_unary",
            "client_streaming",
            "server_streaming",
            "ping_pong",
            "empty_stream",
            "timeout_on_sleeping_server",
            "cancel_after_begin",
            "cancel_after_first_response",
            "status_code_and_message",
            "special_status_message",
            "custom_metadata",
            "unimplemented_method",
            "unimplemented_service",
            "pick_first_unary",
            "rpc_soak",
            "channel_soak");

    private static final String NEEDS_GOOGLE =
            "is large_unary with credentials of an account at Google; nothing of them is a transport's";
    private static final String NEEDS_ORCA = "asks for load reports, an extension that etcd's server does not have";

    private static final Map<String, String> SKIPPED = new TreeMap<>(Map.of(
            "compute_engine_creds", NEEDS_GOOGLE,
            "service_account_creds", NEEDS_GOOGLE,
            "jwt_token_creds", NEEDS_GOOGLE,
            "per_rpc_creds", NEEDS_GOOGLE,
            "oauth2_auth_token", NEEDS_GOOGLE,
            "google_default_credentials", NEEDS_GOOGLE,
            "compute_engine_channel_credentials", NEEDS_GOOGLE,
            "orca_per_rpc", NEEDS_ORCA,
            "orca_oob", NEEDS_ORCA));

    /** How the client's help names a case. */
    private static final Pattern CASE = Pattern.compile("^\\s+([a-z0-9_]+) ?: ", Pattern.MULTILINE);

    private static final Map<Transport, InteropProcess> SERVERS = new EnumMap<>(Transport.class);

    @TempDir
    @SuppressWarnings("NullAway.Init") // Set before the first use.
    static Path directory;

    @BeforeAll
    static void start() throws GeneralSecurityException, IOException {
        Programs.real("grpc-interop-client");
        Authority authority = new Authority();
        Path certificate = directory.resolve("server.crt");
        Path key = directory.resolve("server.key");
        authority.write(directory.resolve("ca.crt"));
        Authority.write(authority.issue("server", "localhost"), certificate, key);
        for (Transport transport : Transport.values()) {
            SERVERS.put(transport, InteropProcess.start(transport, directory, certificate, key));
        }
    }

    @AfterAll
    static void stop() {
        SERVERS.values().forEach(InteropProcess::close);
        SERVERS.clear();
    }

    static Stream<Arguments> cases() {
        return Stream.of(Transport.values())
                .flatMap(transport -> Stream.of(false, true)
                        .flatMap(secure -> CASES.stream().map(name -> Arguments.of(transport, secure, name))));
    }

    @ParameterizedTest(name = "{0}, TLS {1}, {2}")
    @MethodSource("cases")
    void shouldWorkWithAnotherImplementation(Transport transport, boolean secure, String name) {
        InteropProcess server = Objects.requireNonNull(SERVERS.get(transport));
        List<String> command = new ArrayList<>(List.of(
                Programs.real("grpc-interop-client").toString(),
                "--test_case=" + name,
                "--server_host=localhost",
                "--server_port=" + server.port(secure),
                "--soak_iterations=20",
                "--soak_overall_timeout_seconds=40",
                // A busy machine is slow now and then, which is not what is asked here.
                "--soak_per_iteration_max_acceptable_latency_ms=20000"));
        if (secure) {
            command.addAll(List.of("--use_tls", "--use_test_ca", "--ca_file=" + directory.resolve("ca.crt")));
        }
        Command.Result result = Command.run(command, LIMIT);
        assertThat(result.exit()).as("%s", result).isZero();
    }

    static Stream<String> skipped() {
        return SKIPPED.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("skipped")
    void shouldSayWhatIsLeftOut(String name) {
        Assumptions.abort("Skipped: " + name + " " + SKIPPED.get(name));
    }

    @Test
    void shouldKnowEveryCaseOfTheClient() {
        String help = Command.run(List.of(Programs.real("grpc-interop-client").toString(), "--help"), LIMIT)
                .err();
        TreeSet<String> offered = new TreeSet<>();
        CASE.matcher(help).results().forEach(match -> offered.add(match.group(1)));
        assertThat(offered).as(help).contains("empty_unary", "custom_metadata", "orca_oob");
        offered.removeAll(CASES);
        offered.removeAll(SKIPPED.keySet());
        assertThat(offered)
                .as("cases that are neither run nor skipped with a reason")
                .isEmpty();
    }
}
