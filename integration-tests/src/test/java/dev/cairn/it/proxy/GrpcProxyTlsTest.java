package dev.cairn.it.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.it.tls.Authority;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS on both sides of our gRPC proxy, and what it says when it does not fit. */
@Timeout(180)
class GrpcProxyTlsTest {
    @TempDir
    Path directory;

    private Path file(String name) {
        return directory.resolve(name);
    }

    /** A server that wants certificates of its clients, and the files that go with it. */
    private ServerProcess secured() throws Exception {
        Authority authority = new Authority();
        authority.write(file("ca.pem"));
        Authority.write(authority.issue("server", "127.0.0.1"), file("server.pem"), file("server.key"));
        Authority.write(authority.issue("client", "127.0.0.1"), file("client.pem"), file("client.key"));
        new Authority().write(file("other-ca.pem"));
        ServerProcess server = ServerProcess.prepare(Programs.ours(), directory).reserve();
        String url = "https://" + server.target();
        server.withFlags(
                "--listen-client-urls=" + url,
                "--advertise-client-urls=" + url,
                "--cert-file=" + file("server.pem"),
                "--key-file=" + file("server.key"),
                "--trusted-ca-file=" + file("ca.pem"),
                "--client-cert-auth");
        server.start();
        return server;
    }

    @Test
    void shouldSpeakTlsOnBothSides() throws Exception {
        try (ServerProcess server = secured();
                ProxyProcess proxy = ProxyProcess.start(
                        Programs.ours(),
                        "grpc-proxy",
                        directory,
                        "--endpoints=" + server.target(),
                        "--advertise-client-url=",
                        "--cacert=" + file("ca.pem"),
                        "--cert=" + file("client.pem"),
                        "--key=" + file("client.key"),
                        "--trusted-ca-file=" + file("ca.pem"),
                        "--cert-file=" + file("server.pem"),
                        "--key-file=" + file("server.key"))) {
            String[] secure = {
                "--insecure-transport=false",
                "--cacert=" + file("ca.pem"),
                "--cert=" + file("client.pem"),
                "--key=" + file("client.key")
            };
            assertThat(proxy.etcdctl(with(secure, "put", "a", "1")).success()).isEqualTo("OK\n");
            assertThat(proxy.etcdctl(with(secure, "get", "a")).success()).isEqualTo("a\n1\n");
            // Without an address of its own it tells of the members.
            assertThat(proxy.etcdctl(with(secure, "member", "list")).success()).contains(server.target());

            assertThat(proxy.etcdctl("--dial-timeout=2s", "--command-timeout=2s", "get", "a")
                            .exit())
                    .as("a client without a certificate")
                    .isNotZero();
        }
    }

    @Test
    void shouldMakeACertificateForItself() throws Exception {
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory.resolve("plain"));
                ProxyProcess proxy = ProxyProcess.start(
                        Programs.ours(),
                        "grpc-proxy",
                        directory,
                        "--endpoints=" + server.target(),
                        "--auto-tls",
                        "--data-dir=" + file("proxy-data"))) {
            assertThat(proxy.etcdctl("--insecure-transport=false", "--insecure-skip-tls-verify", "put", "a", "1")
                            .success())
                    .isEqualTo("OK\n");
            assertThat(Files.exists(file("proxy-data/fixtures/proxy/cert.pem"))).isTrue();
        }
    }

    @Test
    void shouldNotTrustMembersOfAnotherAuthority() throws Exception {
        try (ServerProcess server = secured();
                ProxyProcess distrusting = ProxyProcess.start(
                        Programs.ours(),
                        "grpc-proxy",
                        directory,
                        "--endpoints=" + server.target(),
                        "--cacert=" + file("other-ca.pem"),
                        "--cert=" + file("client.pem"),
                        "--key=" + file("client.key"));
                ProxyProcess careless = ProxyProcess.start(
                        Programs.ours(),
                        "grpc-proxy",
                        directory,
                        "--endpoints=https://" + server.target(),
                        "--insecure-skip-tls-verify",
                        "--cert=" + file("client.pem"),
                        "--key=" + file("client.key"))) {
            assertThat(distrusting
                            .etcdctl("--dial-timeout=2s", "--command-timeout=3s", "put", "a", "1")
                            .exit())
                    .isNotZero();
            assertThat(careless.etcdctl("put", "a", "1").success()).isEqualTo("OK\n");
        }
    }

    private static String[] with(String[] flags, String... arguments) {
        String[] all = java.util.Arrays.copyOf(flags, flags.length + arguments.length);
        System.arraycopy(arguments, 0, all, flags.length, arguments.length);
        return all;
    }
}
