package dev.cairn.server.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpHandler;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goal: who begins and does not go on, or is gone, is not held for ever. Method: raw sockets, with a short limit. */
@Timeout(120)
class SlowClientsTest {
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    private static final byte[] PING = {0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    private static final byte[] PONG = {0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};

    private static final List<Path> TABLES = List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));

    private final EventLoops loops = EventLoops.open();
    private final List<ClientPort> ports = new ArrayList<>();

    @AfterEach
    void stop() {
        ports.forEach(port -> port.stop(Duration.ZERO));
        loops.close();
    }

    private ClientPort serve(Duration limit) throws IOException {
        Outcome outcome = CommandLine.read(
                List.of(
                        "--listen-client-urls=http://127.0.0.1:0",
                        "--advertise-client-urls=http://127.0.0.1:0",
                        "--listen-metrics-urls=http://127.0.0.1:0"),
                Map.of());
        ServerConfig config = ((Outcome.Start) outcome).config();
        HttpHandler pages = request -> CompletableFuture.completedFuture(HttpAnswer.text(200, "page"));
        ServerStreamTracer.Factory untraced = new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                return new ServerStreamTracer() {};
            }
        };
        ClientPort port = ClientPort.bind(
                config, loops, () -> new ClientPort.Content(List.of(), List.of(), untraced, pages, pages), limit);
        ports.add(port);
        port.serve();
        return port;
    }

    private static Socket connect(ClientPort port, int index) throws IOException {
        Socket socket = new Socket("127.0.0.1", number(port, index));
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static int number(ClientPort port, int index) {
        return ((InetSocketAddress) port.addresses().get(index)).getPort();
    }

    @Test
    void shouldCloseConnectionsThatSendThePrefaceButNoSettings() throws IOException {
        ClientPort port = serve(SHORT);
        for (int settings = 0; settings < SETTINGS.length; settings++) {
            try (Socket socket = connect(port, 0)) {
                socket.getOutputStream().write(PREFACE);
                socket.getOutputStream().write(SETTINGS, 0, settings);
                // The server says its own settings, and then no more; the end comes within the time limit of the read.
                assertThat(socket.getInputStream().readAllBytes())
                        .as("after %s bytes", settings)
                        .isNotEmpty();
            }
        }
    }

    @Test
    void shouldKeepConnectionsThatHaveSentTheirSettings() throws IOException {
        ClientPort port = serve(SHORT);
        try (Socket held = connect(port, 0)) {
            held.getOutputStream().write(PREFACE);
            held.getOutputStream().write(SETTINGS);
            // Connections that came later are cut, so the limit has passed for this one too.
            for (int i = 0; i < 2; i++) {
                try (Socket cut = connect(port, 0)) {
                    cut.getOutputStream().write(PREFACE);
                    assertThat(cut.getInputStream().readAllBytes()).isNotEmpty();
                }
            }
            held.getOutputStream().write(PING);
            readUntil(held.getInputStream(), PONG);
        }
    }

    private static void readUntil(InputStream in, byte[] wanted) throws IOException {
        StringBuilder read = new StringBuilder();
        String end = new String(wanted, StandardCharsets.ISO_8859_1);
        while (read.indexOf(end) < 0) {
            int next = in.read();
            assertThat(next).as("the connection goes on").isNotNegative();
            read.append((char) next);
        }
    }

    @Test
    void shouldHaveTheSystemAskAfterSilentClients() throws IOException {
        assumeThat(TABLES.get(0)).as("a table of connections").isReadable();
        ClientPort port = serve(Duration.ofMinutes(1));
        for (int index : List.of(0, 1)) {
            try (Socket socket = connect(port, index)) {
                socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                readUntil(socket.getInputStream(), "page".getBytes(StandardCharsets.US_ASCII));
                assertThat(keepAliveTimer(number(port, index), socket.getLocalPort()))
                        .as("ticks until the next question, a hundred a second")
                        .isBetween(1L, 3_000L);
            }
        }
    }

    /** What is left on the timer of the server's side; -1 where no such timer runs. */
    private static long keepAliveTimer(int local, int remote) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Path table : TABLES) {
            lines.addAll(Files.exists(table) ? Files.readAllLines(table) : List.of());
        }
        for (String line : lines) {
            String[] fields = line.trim().split(" +");
            if (fields.length > 5
                    && fields[1].endsWith(String.format(":%04X", local))
                    && fields[2].endsWith(String.format(":%04X", remote))) {
                String[] timer = fields[5].split(":");
                return timer[0].equals("02") ? Long.parseLong(timer[1], 16) : -1;
            }
        }
        throw new AssertionError("the connection is not in the table");
    }
}
