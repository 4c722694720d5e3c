package dev.cairn.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientTlsTest {
    @TempDir
    Path directory;

    private final TestAuthority authority = new TestAuthority("ca");
    private Path certificate = Path.of("");
    private Path key = Path.of("");

    @BeforeEach
    void files() throws IOException {
        certificate = directory.resolve("cert.pem");
        key = directory.resolve("key.pem");
        authority.server("EC", "localhost").write(certificate, key);
    }

    private ServerConfig config(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "--data-dir=" + directory.resolve("data"),
                "--listen-client-urls=https://127.0.0.1:0",
                "--advertise-client-urls=https://127.0.0.1:0"));
        arguments.addAll(List.of(more));
        Outcome outcome = CommandLine.read(arguments, Map.of());
        assertThat(outcome).as("%s", outcome).isInstanceOf(Outcome.Start.class);
        return ((Outcome.Start) outcome).config();
    }

    private ServerConfig withFiles(String... more) {
        List<String> arguments = new ArrayList<>(List.of("--cert-file=" + certificate, "--key-file=" + key));
        arguments.addAll(List.of(more));
        return config(arguments.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA", "Ed25519"})
    void shouldReadKeysInEveryForm(String algorithm) throws IOException {
        TestAuthority.Issued issued = authority.server(algorithm, "localhost");
        issued.write(certificate, key);
        assertThat(ClientTls.of(withFiles())).isNotNull();
        if (!algorithm.equals("Ed25519")) {
            issued.writeOldKey(key);
            assertThat(Files.readString(key)).contains(algorithm + " PRIVATE KEY");
            assertThat(ClientTls.of(withFiles())).isNotNull();
        }
    }

    @Test
    void shouldSayWhichFileIsWrongAndHow() throws IOException {
        assertThatThrownBy(() -> ClientTls.of(config("--cert-file=/nowhere/c", "--key-file=" + key)))
                .hasMessage("--cert-file /nowhere/c: no such file or directory");
        assertThatThrownBy(() -> ClientTls.of(config("--cert-file=" + key, "--key-file=" + key)))
                .hasMessage("--cert-file " + key + " cannot be used: it holds no certificate in PEM form");
        assertThatThrownBy(() -> ClientTls.of(config("--cert-file=" + certificate, "--key-file=" + certificate)))
                .hasMessage("--key-file " + certificate + " cannot be used: it holds no private key in PEM form");
        Path other = directory.resolve("other.pem");
        authority.server("RSA").write(directory.resolve("unused.pem"), other);
        assertThatThrownBy(() -> ClientTls.of(config("--cert-file=" + certificate, "--key-file=" + other)))
                .hasMessage("--key-file " + other
                        + " cannot be used: the key does not belong to the first certificate of " + certificate);
        Files.writeString(other, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        assertThatThrownBy(() -> ClientTls.of(config("--cert-file=" + certificate, "--key-file=" + other)))
                .hasMessageContaining("encrypted with a password");
        Files.writeString(other, "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");
        assertThatThrownBy(() -> ClientTls.of(config("--cert-file=" + certificate, "--key-file=" + other)))
                .hasMessage("--key-file " + other + " cannot be used: the key is malformed");
        Files.writeString(other, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assertThatThrownBy(() -> ClientTls.of(withFiles("--trusted-ca-file=" + other)))
                .hasMessageStartingWith(
                        "--trusted-ca-file " + other + " cannot be used: certificate 1 in it is malformed");
        Files.writeString(other, "nothing of the kind");
        assertThatThrownBy(() -> ClientTls.of(withFiles("--client-cert-auth", "--client-crl-file=" + other)))
                .hasMessageStartingWith("--client-crl-file " + other + " cannot be used: it is no revocation list");
    }

    @Test
    void shouldRefuseOptionsThatDoNotFitInTheWordsOfEtcd() {
        assertThatThrownBy(() -> ClientTls.of(config()))
                .hasMessage("TLS key/cert (--cert-file, --key-file) must be provided for client url"
                        + " https://127.0.0.1:0 with HTTPS scheme");
        assertThatThrownBy(() -> ClientTls.of(config("--cert-file=" + certificate)))
                .hasMessage("KeyFile and CertFile must both be present[key: , cert: " + certificate + "]");
        assertThatThrownBy(() -> ClientTls.of(withFiles("--client-cert-file=" + certificate)))
                .hasMessageStartingWith("ClientKeyFile and ClientCertFile must both be present or both absent");
        assertThatThrownBy(() -> ClientTls.of(withFiles("--cipher-suites=TLS_NULL")))
                .hasMessage("unexpected TLS cipher suite \"TLS_NULL\"");
        assertThatThrownBy(() -> ClientTls.of(config("--auto-tls", "--self-signed-cert-validity=0")))
                .hasMessage("selfSignedCertValidity is invalid,it should be greater than 0");
        assertThatThrownBy(() -> ClientTls.of(
                        withFiles("--cipher-suites=TLS_ECDHE_RSA_WITH_RC4_128_SHA", "--tls-max-version=TLS1.2")))
                .hasMessageContaining("this Java runtime has none of them enabled");
        ServerConfig plain = config("--listen-client-urls=http://127.0.0.1:0", "--cert-file=/nowhere");
        assertThat(catching(plain)).as("not looked at without TLS").isNull();
        assertThatThrownBy(() -> ClientTls.of(
                        config("--listen-client-urls=http://127.0.0.1:0", "--listen-metrics-urls=https://127.0.0.1:0")))
                .hasMessage("client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url");
    }

    private static @org.jspecify.annotations.Nullable Object catching(ServerConfig config) {
        try {
            return ClientTls.of(config);
        } catch (TlsException e) {
            return e;
        }
    }

    @Test
    void shouldMakeItsOwnCertificateOnce() throws Exception {
        ServerConfig config = config("--auto-tls", "--self-signed-cert-validity=2");
        assertThat(ClientTls.of(config)).isNotNull();
        Path own = directory.resolve("data/fixtures/client/cert.pem");
        byte[] made = Files.readAllBytes(own);
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(directory.resolve("data/fixtures/client/key.pem"))))
                .isEqualTo("rw-------");
        var decoded = Certificates.in(TlsFile.read("cert-file", own)).get(0);
        decoded.verify(decoded.getPublicKey());
        assertThat(decoded.getSubjectX500Principal().getName()).isEqualTo("O=etcd");
        assertThat(Objects.requireNonNull(decoded.getSubjectAlternativeNames()).toString())
                .isEqualTo("[[7, 127.0.0.1]]");
        assertThat(java.time.Duration.between(
                                decoded.getNotBefore().toInstant(),
                                decoded.getNotAfter().toInstant())
                        .toDays())
                .isEqualTo(730);
        assertThat(ClientTls.of(config)).isNotNull();
        assertThat(Files.readAllBytes(own)).isEqualTo(made);
    }

    @Test
    void shouldMatchHostNamesAsGo() {
        var certificate = authority
                .client("c", "a.example.com", "*.b.example.com", "10.0.0.1")
                .certificate();
        assertThat(HostNames.match(certificate, "A.example.COM")).isTrue();
        assertThat(HostNames.match(certificate, "a.example.com.")).isTrue();
        assertThat(HostNames.match(certificate, "x.b.example.com")).isTrue();
        assertThat(HostNames.match(certificate, "10.0.0.1")).isTrue();
        assertThat(HostNames.match(certificate, "[10.0.0.1]")).isTrue();
        assertThat(HostNames.match(certificate, "b.example.com")).isFalse();
        assertThat(HostNames.match(certificate, "x.y.b.example.com")).isFalse();
        assertThat(HostNames.match(certificate, "10.0.0.2")).isFalse();
        assertThat(HostNames.match(certificate, "c")).as("the common name").isFalse();
        assertThat(HostNames.match(certificate, "")).isFalse();
    }
}
