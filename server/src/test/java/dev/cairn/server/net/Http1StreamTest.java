package dev.cairn.server.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.http.HttpStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goal: answers in parts, held back by their reader. Method: sockets against a listener with a page of the test. */
@Timeout(60)
class Http1StreamTest {
    private static final int PART_BYTES = 64 << 10;

    private final EventLoops loops = EventLoops.open();
    private final HttpListeners listeners = HttpListeners.on(loops);
    private final CountDownLatch heldBack = new CountDownLatch(1);
    private final CompletableFuture<Boolean> lost = new CompletableFuture<>();
    private volatile long written;

    @AfterEach
    void stop() {
        listeners.stop(Duration.ofSeconds(1));
        loops.close();
    }

    /** Writes so many parts as fast as they are taken. */
    private final class Parts implements HttpStream {
        private final int parts;
        private @Nullable Sink sink;

        Parts(int parts) {
            this.parts = parts;
        }

        @Override
        public void begin(Sink opened) {
            sink = opened;
            onWritable();
        }

        @Override
        public void onWritable() {
            Sink to = Objects.requireNonNull(sink);
            while (to.isWritable()) {
                if (written == parts) {
                    to.end();
                    return;
                }
                to.write(new byte[PART_BYTES]);
                written = written + 1;
            }
            heldBack.countDown();
        }
    }

    private Socket connect(int parts, String request) throws Exception {
        HttpHandler page = received -> {
            Objects.requireNonNull(received.connection()).whenLost(() -> lost.complete(true));
            return CompletableFuture.completedFuture(
                    received.path().equals("/parts")
                            ? HttpAnswer.streamed(200, new Parts(parts))
                            : HttpAnswer.text(200, "other"));
        };
        int port = ((InetSocketAddress) listeners.bind(url(), page, 1000)).getPort();
        listeners.serve();
        Socket socket = new Socket();
        socket.setReceiveBufferSize(PART_BYTES);
        socket.connect(new InetSocketAddress("127.0.0.1", port));
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static EtcdUrl url() throws Exception {
        return EtcdUrl.parse("http://127.0.0.1:0");
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            assertThat(c).isNotNegative();
            line.append((char) c);
        }
        return line.toString().trim();
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            head.append(line).append('\n');
        }
        return head.toString();
    }

    private static long chunks(InputStream in) throws IOException {
        long bytes = 0;
        for (int length = Integer.parseInt(line(in), 16); length > 0; length = Integer.parseInt(line(in), 16)) {
            in.skipNBytes(length);
            line(in);
            bytes += length;
        }
        line(in);
        return bytes;
    }

    @Test
    void shouldNotGatherWhatASlowReaderLeaves() throws Exception {
        int parts = 1024;
        String request = "GET /parts HTTP/1.1\r\nHost: x\r\n\r\n";
        try (Socket socket = connect(parts, request + "GET /next HTTP/1.1\r\nHost: x\r\n\r\n")) {
            heldBack.await();
            // What the two sockets hold is the system's; the rest is the mark of the channel.
            assertThat(written).isPositive().isLessThan(parts / 2);
            InputStream in = new BufferedInputStream(socket.getInputStream());
            assertThat(head(in)).startsWith("HTTP/1.1 200 OK").contains("Transfer-Encoding: chunked");
            assertThat(chunks(in)).isEqualTo((long) parts * PART_BYTES);
            assertThat(head(in)).contains("Content-Length: 5");
            assertThat(lost).isNotDone();
        }
    }

    @Test
    void shouldTellThatTheReaderHasGone() throws Exception {
        try (Socket socket = connect(Integer.MAX_VALUE, "GET /parts HTTP/1.1\r\nHost: x\r\n\r\n")) {
            heldBack.await();
            assertThat(socket.isConnected()).isTrue();
        }
        assertThat(lost.get()).isTrue();
    }

    @Test
    void shouldCutStreamsWhenThePortStops() throws Exception {
        try (Socket socket = connect(Integer.MAX_VALUE, "GET /parts HTTP/1.1\r\nHost: x\r\n\r\n")) {
            heldBack.await();
            listeners.stop(Duration.ofSeconds(30));
            assertThat(lost.get()).isTrue();
            assertThat(socket.isConnected()).isTrue();
        }
    }

    @Test
    void shouldSendPartsWithoutChunksToOldClients() throws Exception {
        try (Socket socket = connect(3, "GET /parts HTTP/1.0\r\n\r\n")) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            assertThat(head(in)).startsWith("HTTP/1.0 200 OK").doesNotContain("Transfer-Encoding");
            assertThat(in.readAllBytes()).hasSize(3 * PART_BYTES);
        }
    }
}
