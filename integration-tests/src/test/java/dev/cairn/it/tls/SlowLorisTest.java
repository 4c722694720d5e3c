package dev.cairn.it.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: many clients that begin and do not go on, or go on byte by byte, keep nobody else from being served, cost little, and are let go.
 * Method: hundreds of each kind at once; puts over new connections meanwhile; the resident memory before and with them.
 */
@Tag("slow")
@Timeout(300)
class SlowLorisTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int EACH = 300;

    /** Far more than they need, far less than a buffer of the largest message for each. */
    private static final long GROWTH_KIB_MAX = 100 << 10;

    /** Beginnings, and whether they are for TLS. */
    private enum Beginning {
        SILENCE(""),
        LINE("GET /hea"),
        HEADERS("GET /health HTTP/1.1\r\nHost: a\r\nX-A: "),
        BODY("POST /v3/kv/put HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{"),
        PREFACE("PRI * HTTP/2.0\r\n\r\nSM"),
        NO_SETTINGS("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        HALF_FRAME("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\1\0\1\4\0\0\0\1");

        private final byte[] bytes;

        Beginning(String text) {
            bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        }
    }

    @TempDir
    Path directory;

    private final List<Socket> sockets = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    @Test
    void shouldServeOthersBesideSlowClients() throws Exception {
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory)) {
            // What the first requests load is no cost of connections.
            assertThat(put(server)).isEqualTo("200");
            long before = residentKib(server);
            for (Beginning beginning : Beginning.values()) {
                for (int i = 0; i < EACH; i++) {
                    begin(server, beginning.bytes);
                }
                assertThat(put(server)).as("beside %s", beginning).isEqualTo("200");
            }
            // Drop by drop.
            for (Socket socket : sockets) {
                socket.getOutputStream().write('1');
            }
            assertThat(put(server)).isEqualTo("200");
            assertThat(residentKib(server) - before).as("growth in KiB").isLessThan(GROWTH_KIB_MAX);
        }
    }

    @Test
    void shouldLetGoOfHandshakesThatDoNotGoOn() throws Exception {
        Authority authority = new Authority();
        Authority.write(
                authority.issue("EC", Authority.Use.SERVER, "server", "127.0.0.1"),
                directory.resolve("cert"),
                directory.resolve("key"));
        try (TlsDuel duel = TlsDuel.secure(
                directory, "--cert-file=" + directory.resolve("cert"), "--key-file=" + directory.resolve("key"))) {
            for (ServerProcess server : List.of(duel.ours, duel.real)) {
                sockets.clear();
                for (int i = 0; i < EACH; i++) {
                    begin(server, new byte[] {0x16, 3, 1});
                }
                assertThat(TlsDuel.status("-k", "-d", "{\"key\":\"YQ==\"}", TlsDuel.url(server) + "/v3/kv/put"))
                        .isEqualTo("200");
                // Both give a handshake ten seconds.
                await("the end of all").atMost(LIMIT).until(() -> {
                    for (Socket socket : sockets) {
                        if (!hasEnded(socket)) {
                            return false;
                        }
                    }
                    return true;
                });
            }
        }
    }

    private void begin(ServerProcess server, byte[] bytes) throws IOException {
        String[] target = server.target().split(":", 2);
        Socket socket = new Socket();
        sockets.add(socket);
        socket.connect(new InetSocketAddress(target[0], Integer.parseInt(target[1])), (int) LIMIT.toMillis());
        socket.getOutputStream().write(bytes);
    }

    private static String put(ServerProcess server) {
        return TlsDuel.status("-d", "{\"key\":\"YQ==\",\"value\":\"YQ==\"}", server.clientUrl() + "/v3/kv/put");
    }

    private static boolean hasEnded(Socket socket) throws IOException {
        socket.setSoTimeout(1);
        try {
            while (socket.getInputStream().read() >= 0) {
                // An alert may come first.
            }
            return true;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            // Reset.
            return true;
        }
    }

    private static long residentKib(ServerProcess server) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + server.pid() + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new AssertionError("no resident memory");
    }
}
