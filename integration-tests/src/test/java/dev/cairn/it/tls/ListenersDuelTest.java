package dev.cairn.it.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.cairn.it.process.ServerProcess;
import dev.cairn.testing.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: each kind of listener serves what etcd's serves. Method: both with listeners of all kinds, asked for every page on each. */
@Tag("oracle")
@Timeout(600)
class ListenersDuelTest {
    private static final List<String> PAGES =
            List.of("/version", "/health", "/livez", "/metrics", "/v3/kv/range", "/debug/vars", "/members", "/");

    @TempDir
    Path directory;

    private final Map<ServerProcess, Map<String, Integer>> ports = new HashMap<>();

    @BeforeEach
    void issue() throws GeneralSecurityException, IOException {
        Authority authority = new Authority();
        authority.write(file("ca"));
        Authority.write(
                authority.issue("EC", Authority.Use.SERVER, "server", "localhost", "127.0.0.1", "::1"),
                file("cert"),
                file("key"));
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private int port(ServerProcess server, String what) {
        return ports.computeIfAbsent(server, s -> new HashMap<>()).computeIfAbsent(what, w -> Ports.next());
    }

    private String socket(ServerProcess server, String name) {
        // The names of sockets must be short.
        return directory.resolve(name + port(server, "socket")).toString();
    }

    private List<String> flags(ServerProcess server, String... more) {
        List<String> flags = TlsDuel.secured(server, "--cert-file=" + file("cert"), "--key-file=" + file("key"));
        flags.addAll(List.of(more));
        return flags;
    }

    private String curl(String page, String... where) {
        String[] get = new String[where.length + 2];
        get[0] = "--cacert";
        get[1] = file("ca").toString();
        System.arraycopy(where, 0, get, 2, where.length);
        get[get.length - 1] = get[get.length - 1] + page;
        String[] post = new String[get.length + 2];
        post[0] = "-d";
        post[1] = "{\"key\":\"YQ==\"}";
        System.arraycopy(get, 0, post, 2, get.length);
        return TlsDuel.status(get) + " " + TlsDuel.status(post);
    }

    @Test
    void shouldServeAllOnEveryListener() {
        assumeThat(hasIpv6()).as("an address of IPv6").isTrue();
        try (TlsDuel duel = TlsDuel.start(directory, server -> {
            synchronized (ports) {
                return flags(
                        server,
                        "--listen-client-urls=" + TlsDuel.url(server) + ",http://127.0.0.1:" + port(server, "plain")
                                + ",https://[::1]:" + port(server, "six") + ",http://[::1]:" + port(server, "six plain")
                                + ",unix://" + socket(server, "u") + ",unixs://" + socket(server, "s"),
                        "--listen-metrics-urls=http://127.0.0.1:" + port(server, "metrics") + ",https://127.0.0.1:"
                                + port(server, "secure metrics"));
            }
        })) {
            for (String page : PAGES) {
                duel.same("https " + page, server -> curl(page, TlsDuel.url(server)));
                duel.same("http " + page, server -> curl(page, "http://127.0.0.1:" + port(server, "plain")));
                duel.same("https six " + page, server -> curl(page, "https://[::1]:" + port(server, "six")));
                duel.same("http six " + page, server -> curl(page, "http://[::1]:" + port(server, "six plain")));
                duel.same(
                        "unix " + page, server -> curl(page, "--unix-socket", socket(server, "u"), "http://localhost"));
                duel.same(
                        "unixs " + page,
                        server -> curl(page, "--unix-socket", socket(server, "s"), "https://localhost"));
                duel.same("metrics " + page, server -> curl(page, "http://127.0.0.1:" + port(server, "metrics")));
                duel.same(
                        "secure metrics " + page,
                        server -> curl(page, "https://127.0.0.1:" + port(server, "secure metrics")));
            }
            for (String how : List.of("https", "http", "six", "six plain", "unix", "unixs")) {
                String put = duel.same("etcdctl " + how, server -> {
                    String endpoint = switch (how) {
                        case "https" -> TlsDuel.url(server);
                        case "http" -> "http://127.0.0.1:" + port(server, "plain");
                        case "six" -> "https://[::1]:" + port(server, "six");
                        case "six plain" -> "http://[::1]:" + port(server, "six plain");
                        case "unix" -> "unix://" + socket(server, "u");
                        default -> "unixs://" + socket(server, "s");
                    };
                    boolean secure = !List.of("http", "six plain", "unix").contains(how);
                    return TlsDuel.ctl(
                            "--endpoints=" + endpoint,
                            secure ? "--cacert=" + file("ca") : "--insecure-transport",
                            "--command-timeout=3s",
                            "put",
                            how,
                            "v");
                });
                // The tool does not find the name of the certificate in the name of a socket.
                if (!how.equals("unixs")) {
                    assertThat(put).as(how).isEqualTo("0 OK\n");
                }
            }
            duel.check();
            for (ServerProcess server : List.of(duel.ours, duel.real)) {
                assertThat(server.terminate(TlsDuel.LIMIT)).isNotNegative();
                assertThat(Files.exists(Path.of(socket(server, "u"))))
                        .as("the socket is gone")
                        .isFalse();
            }
        }
    }

    @Test
    void shouldSeparateHttpWhereToldTo() {
        try (TlsDuel duel = TlsDuel.start(directory, server -> {
            synchronized (ports) {
                return flags(
                        server,
                        "--listen-client-http-urls=https://127.0.0.1:" + port(server, "pages") + ",http://127.0.0.1:"
                                + port(server, "plain pages") + ",unix://" + socket(server, "h"));
            }
        })) {
            for (String page : PAGES) {
                duel.same("gRPC alone " + page, server -> curl(page, "--http1.1", TlsDuel.url(server)));
                duel.same("pages " + page, server -> curl(page, "https://127.0.0.1:" + port(server, "pages")));
                duel.same(
                        "plain pages " + page, server -> curl(page, "http://127.0.0.1:" + port(server, "plain pages")));
                duel.same(
                        "socket " + page,
                        server -> curl(page, "--unix-socket", socket(server, "h"), "http://localhost"));
            }
            for (String name : List.of("gRPC", "pages")) {
                duel.same(
                        "etcdctl at " + name,
                        server -> TlsDuel.ctl(
                                "--endpoints=https://127.0.0.1:"
                                        + (name.equals("gRPC") ? server.target().split(":")[1] : port(server, "pages")),
                                "--cacert=" + file("ca"),
                                "--command-timeout=3s",
                                "put",
                                "k",
                                "v"));
            }
            duel.same("no ALPN at gRPC alone", server -> TlsDuel.protocol(server));
            duel.same("h2 at gRPC alone", server -> TlsDuel.protocol(server, "-alpn", "h2"));
            duel.same("h2 and http/1.1 at gRPC alone", server -> TlsDuel.protocol(server, "-alpn", "h2,http/1.1"));
            duel.check();
        }
    }

    private static boolean hasIpv6() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("::1"))) {
            return Objects.nonNull(socket);
        } catch (IOException e) {
            return false;
        }
    }
}
