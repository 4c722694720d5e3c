package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.ServerProcess;
import dev.cairn.it.tls.Authority;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which certificates the peer port takes: the same as etcd's, shown by the same client to both. */
@Tag("cluster")
@Timeout(600)
class PeerCertificatesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private final Map<String, SSLContext> clients = new LinkedHashMap<>();
    private final Authority authority;

    PeerCertificatesTest() throws GeneralSecurityException, IOException {
        authority = new Authority();
    }

    @BeforeEach
    void issue() throws GeneralSecurityException, IOException {
        authority.write(directory.resolve("ca.pem"));
        Authority.write(
                authority.issue("server", "127.0.0.1"),
                directory.resolve("server.pem"),
                directory.resolve("server.key"));
        client("no names", "a");
        client("the address", "a", "127.0.0.1");
        client("another address", "a", "10.0.0.1");
        client("a host with the address", "a", "localhost");
        client("an unknown host", "b", "nowhere.invalid");
        client("another address and a host with the address", "a", "10.0.0.1", "localhost");
        client("another address and an unknown host", "c", "10.0.0.1", "nowhere.invalid");
        client("a wildcard", "a", "*.invalid");
        client("another subject", "c", "127.0.0.1");
        client("two hosts", "c", "localhost", "h1.invalid");
    }

    private void client(String what, String commonName, String... alternatives)
            throws GeneralSecurityException, IOException {
        clients.put(what, authority.context(authority.issue(commonName, alternatives)));
    }

    @Test
    void shouldTakeCertificatesThatBelongToTheirAddress() {
        assertThat(taken())
                .containsExactly(
                        "no names",
                        "the address",
                        "a host with the address",
                        "another address and a host with the address",
                        "another subject",
                        "two hosts");
    }

    @Test
    void shouldTakeCertificatesFromAnywhereWhereToldTo() {
        assertThat(taken("--peer-skip-client-san-verification")).containsExactlyElementsOf(clients.keySet());
    }

    @Test
    void shouldTakeCertificatesWithAnAllowedSubject() {
        assertThat(taken("--peer-skip-client-san-verification", "--peer-cert-allowed-cn=x,b,c"))
                .containsExactly(
                        "an unknown host", "another address and an unknown host", "another subject", "two hosts");
    }

    @Test
    void shouldTakeCertificatesForAnAllowedHost() {
        assertThat(taken("--peer-skip-client-san-verification", "--peer-cert-allowed-hostname=h1.invalid,10.0.0.1"))
                .containsExactly(
                        "another address",
                        "another address and a host with the address",
                        "another address and an unknown host",
                        "a wildcard",
                        "two hosts");
        assertThat(taken("--peer-cert-allowed-hostname=h1.invalid")).containsExactly("two hosts");
    }

    @Test
    void shouldRefuseRevokedCertificates() throws GeneralSecurityException, IOException {
        Authority.Issued revoked = authority.issue("a", "127.0.0.1");
        clients.put("revoked", authority.context(revoked));
        authority.writeRevocations(directory.resolve("crl"), revoked);
        assertThat(taken("--peer-crl-file=" + directory.resolve("crl")))
                .contains("the address")
                .doesNotContain("revoked");
    }

    @Test
    void shouldStandInOneClusterWithEtcdUnderAllRules() throws GeneralSecurityException, IOException {
        try (Group group = Group.found(directory)) {
            for (Path server : List.of(Group.real(), Group.ours(), Group.real())) {
                group.prepare(server);
            }
            List<String> cluster = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                cluster.add("m" + i + "=" + secure(group.member(i)));
            }
            for (int i = 0; i < 3; i++) {
                Path certificate = directory.resolve("m" + i + ".pem");
                Path key = directory.resolve("m" + i + ".key");
                Authority.write(authority.issue("member", "127.0.0.1", "h" + i + ".invalid"), certificate, key);
                group.member(i)
                        .withFlags(
                                "--name=m" + i,
                                "--initial-cluster=" + String.join(",", cluster),
                                "--listen-peer-urls=" + secure(group.member(i)),
                                "--initial-advertise-peer-urls=" + secure(group.member(i)),
                                "--peer-trusted-ca-file=" + directory.resolve("ca.pem"),
                                "--peer-client-cert-auth",
                                "--peer-cert-allowed-cn=other,member",
                                "--peer-cert-file=" + certificate,
                                "--peer-key-file=" + key);
            }
            group.start(0, 1, 2);
            group.makeLeader(1);
            group.ctlUntilDone(0, "put", "k", "v");
            group.awaitEqualStores();
        }
    }

    /** Whose certificates a member with these flags takes; both makes take the same. */
    private List<String> taken(String... flags) {
        List<String> byEtcd = taken(Group.real(), flags);
        assertThat(taken(Group.ours(), flags)).isEqualTo(byEtcd);
        return byEtcd;
    }

    private List<String> taken(Path make, String... more) {
        try (Group group = Group.found(directory)) {
            ServerProcess member = group.member(group.prepare(make));
            List<String> flags = new ArrayList<>(List.of(
                    "--initial-cluster=default=" + secure(member),
                    "--listen-peer-urls=" + secure(member),
                    "--initial-advertise-peer-urls=" + secure(member),
                    "--peer-trusted-ca-file=" + directory.resolve("ca.pem"),
                    "--peer-client-cert-auth",
                    "--peer-cert-file=" + directory.resolve("server.pem"),
                    "--peer-key-file=" + directory.resolve("server.key")));
            flags.addAll(List.of(more));
            member.withFlags(flags.toArray(String[]::new));
            group.start(0);
            List<String> taken = new ArrayList<>();
            clients.forEach((what, context) -> {
                if (answers(context, secure(member))) {
                    taken.add(what);
                }
            });
            if (taken.size() < clients.size()) {
                assertThat(member.logTail()).contains("rejected connection on peer endpoint");
            }
            return taken;
        } finally {
            // The next one begins anew.
            deleteData();
        }
    }

    private void deleteData() {
        try (var files = java.nio.file.Files.walk(directory.resolve("m0"))) {
            files.sorted(java.util.Comparator.reverseOrder()).map(Path::toFile).forEach(java.io.File::delete);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static boolean answers(SSLContext context, String url) {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(context)
                .connectTimeout(PATIENCE)
                .build();
        try {
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(URI.create(url + "/version"))
                            .timeout(PATIENCE)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            return true;
        } catch (java.net.http.HttpTimeoutException e) {
            throw new AssertionError("neither taken nor refused", e);
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String secure(ServerProcess member) {
        return member.peerUrl().replaceFirst("^http:", "https:");
    }
}
