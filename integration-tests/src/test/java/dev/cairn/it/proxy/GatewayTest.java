package dev.cairn.it.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.testing.Ports;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Traffic through {@code etcd gateway}. */
@Timeout(180)
class GatewayTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private ServerProcess server;

    @BeforeEach
    void startServer() {
        server = ServerProcess.start(Programs.ours(), directory);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private ProxyProcess gateway(String... flags) {
        return ProxyProcess.start(Programs.ours(), "gateway", directory, flags);
    }

    @Test
    void shouldCarryCallsAndWatches() {
        try (ProxyProcess gateway = gateway("--endpoints=http://" + server.target())) {
            Command watch = Command.start(java.util.List.of(
                    Programs.real("etcdctl").toString(), "--endpoints=" + gateway.target(), "watch", "a", "--rev=1"));

            assertThat(gateway.etcdctl("put", "a", "1").success()).isEqualTo("OK\n");
            assertThat(gateway.etcdctl("get", "a").success()).isEqualTo("a\n1\n");
            assertThat(watch.awaitLines(3, LIMIT)).isEqualTo("PUT\na\n1\n");
            watch.kill();
        }
    }

    @Test
    void shouldLeaveOutABackendUntilItIsBack() {
        int later = Ports.next();
        try (ProxyProcess gateway =
                gateway("--endpoints=127.0.0.1:" + later + "," + server.target(), "--retry-delay=200ms")) {
            for (int i = 0; i < 4; i++) {
                assertThat(gateway.etcdctl("put", "a", "1").success()).isEqualTo("OK\n");
            }
            assertThat(gateway.log()).contains("deactivated endpoint").contains("127.0.0.1:" + later);

            try (ServerSocket back = new ServerSocket(later, 50, InetAddress.getLoopbackAddress())) {
                await().atMost(LIMIT).until(() -> gateway.log().contains("\"activated\""));
                // The attempt itself comes first; then one of two connections.
                back.setSoTimeout((int) LIMIT.toMillis());
                back.accept().close();
                Socket first = new Socket(
                        "127.0.0.1", Integer.parseInt(gateway.target().split(":")[1]));
                Socket second = new Socket(
                        "127.0.0.1", Integer.parseInt(gateway.target().split(":")[1]));
                back.accept().close();
                first.close();
                second.close();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void shouldCloseConnectionsThatHaveNowhereToGo() throws IOException {
        try (ProxyProcess gateway = gateway("--endpoints=127.0.0.1:" + Ports.next());
                Socket client = new Socket(
                        "127.0.0.1", Integer.parseInt(gateway.target().split(":")[1]))) {
            client.setSoTimeout((int) LIMIT.toMillis());
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void shouldCarryEveryByteToASlowReader() throws Exception {
        byte[] sent = new byte[16 << 20];
        new Random(7).nextBytes(sent);
        try (ServerSocket backend = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ProxyProcess gateway = gateway("--endpoints=127.0.0.1:" + backend.getLocalPort());
                Socket client = new Socket(
                        "127.0.0.1", Integer.parseInt(gateway.target().split(":")[1]));
                Socket reader = backend.accept()) {
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
                try (OutputStream out = client.getOutputStream()) {
                    out.write(sent);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            // More than all buffers between the two: the writer has to wait for the reader.
            assertThat(writing).isNotDone();
            byte[] received = reader.getInputStream().readAllBytes();
            writing.join();

            assertThat(received).isEqualTo(sent);
        }
    }
}
