package dev.cairn.server.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whom a member that dials believes: connections to a server with the certificate at hand. */
@Timeout(60)
class DialTlsTest {
    @TempDir
    Path directory;

    private final TestAuthority authority = new TestAuthority("authority");

    @BeforeEach
    void writeAuthority() throws IOException {
        authority.write(directory.resolve("ca.pem"));
    }

    private DialTls dialling(AllowedNames allowed) throws TlsException {
        return new DialTls(
                null,
                null,
                TlsSettings.Named.of("ca", directory.resolve("ca.pem").toString()),
                true,
                allowed);
    }

    @Test
    void shouldExpectTheHostThatIsDialled() throws Exception {
        assertThat(failure(dialling(AllowedNames.ANY), "127.0.0.1")).isNull();
        assertThat(failure(dialling(AllowedNames.ANY), "d.test")).isNotNull();
    }

    @Test
    void shouldExpectAnotherNameWhereOneIsTold() throws Exception {
        DialTls tls = dialling(AllowedNames.ANY);
        tls.expectName("d.test");
        assertThat(failure(tls, "d.test")).isNull();
        assertThat(failure(tls, "127.0.0.1")).contains("certificate is not valid for d.test");
    }

    @Test
    void shouldExpectAnAllowedName() throws Exception {
        String refused = "client certificate authentication failed";
        assertThat(failure(dialling(new AllowedNames(List.of(), List.of("other", "server"))), "127.0.0.1"))
                .isNull();
        assertThat(failure(dialling(new AllowedNames(List.of(), List.of("other"))), "127.0.0.1"))
                .contains(refused);
        assertThat(failure(dialling(new AllowedNames(List.of("x.test", "d.test"), List.of())), "127.0.0.1", "d.test"))
                .isNull();
        assertThat(failure(dialling(new AllowedNames(List.of("x.test"), List.of())), "127.0.0.1", "d.test"))
                .contains(refused);
    }

    @Test
    void shouldStayTheSameWhileFilesHoldTheSame() throws Exception {
        DialTls tls = dialling(AllowedNames.ANY);
        SSLContext first = tls.context();
        // The file has just been written: whether it will change again cannot be told by its time yet.
        assertThat(tls.context()).isSameAs(first);
        writeAuthority();
        assertThat(tls.context()).isSameAs(first);
        java.nio.file.Files.writeString(directory.resolve("ca.pem"), "torn");
        assertThat(tls.context()).isSameAs(first);
        new TestAuthority("other").write(directory.resolve("ca.pem"));
        SSLContext second = tls.context();
        assertThat(second).isNotSameAs(first);
        assertThat(tls.context()).isSameAs(second);
    }

    @Test
    void shouldDialByTheVersionsAndSuitesOfTheOptions() throws Exception {
        authority.server("EC", "127.0.0.1").write(directory.resolve("c"), directory.resolve("k"));
        var outcome = dev.cairn.server.config.CommandLine.read(
                List.of(
                        "--peer-cert-file=" + directory.resolve("c"),
                        "--peer-key-file=" + directory.resolve("k"),
                        "--tls-max-version=TLS1.2",
                        "--cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
                java.util.Map.of());
        PeerTls tls = PeerTls.of(((dev.cairn.server.config.Outcome.Start) outcome).config());
        SSLParameters asked = java.util.Objects.requireNonNull(tls.parameters());
        var engine = tls.nettyContext()
                .newEngine(io.grpc.netty.shaded.io.netty.buffer.UnpooledByteBufAllocator.DEFAULT, "127.0.0.1", 1);
        for (SSLParameters parameters : List.of(asked, engine.getSSLParameters())) {
            assertThat(parameters.getProtocols()).containsExactly("TLSv1.2");
            assertThat(parameters.getCipherSuites()).containsExactly("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
        }
        assertThat(engine.getSSLParameters().getEndpointIdentificationAlgorithm())
                .isEqualTo("HTTPS");
        assertThat(engine.getUseClientMode()).isTrue();
    }

    /** Why the handshake with a server at 127.0.0.1 fails whose certificate is for these hosts; null when it does not. */
    private @Nullable String failure(DialTls tls, String... hosts) throws Exception {
        Path certificate = directory.resolve("server.pem");
        Path key = directory.resolve("server.key");
        authority.server("EC", hosts).write(certificate, key);
        SSLContext server = SSLContext.getInstance("TLS");
        server.init(
                new javax.net.ssl.KeyManager[] {
                    ServerIdentity.of(TlsFile.read("cert", certificate), TlsFile.read("key", key))
                },
                null,
                null);
        try (SSLServerSocket listener = (SSLServerSocket)
                server.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> served = CompletableFuture.runAsync(() -> {
                try (SSLSocket accepted = (SSLSocket) listener.accept()) {
                    accepted.startHandshake();
                } catch (IOException e) {
                    // The other side tells what it thinks of the certificate.
                }
            });
            try (SSLSocket socket =
                    (SSLSocket) tls.context().getSocketFactory().createSocket("127.0.0.1", listener.getLocalPort())) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                socket.setSSLParameters(parameters);
                socket.startHandshake();
                return null;
            } catch (SSLException e) {
                return String.valueOf(e.getMessage());
            } finally {
                served.join();
            }
        }
    }
}
