package dev.cairn.http2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.testing.Seed;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bytes that no library would send. */
@Timeout(120)
class HostileClientTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final EchoServer server = new EchoServer(true);

    @AfterEach
    void stop() {
        server.close();
    }

    /** A connection by hand. */
    private final class Client implements AutoCloseable {
        private final Socket socket;
        private final DataOutputStream out;
        private final DataInputStream in;

        Client() throws IOException {
            socket = new Socket("127.0.0.1", server.port());
            socket.setSoTimeout((int) LIMIT.toMillis());
            out = new DataOutputStream(socket.getOutputStream());
            in = new DataInputStream(socket.getInputStream());
        }

        Client greeted() throws IOException {
            out.write(Http2.PREFACE);
            return frame(Http2.SETTINGS, 0, 0);
        }

        Client frame(int type, int flags, int stream, int... payload) throws IOException {
            byte[] bytes = new byte[payload.length];
            for (int i = 0; i < payload.length; i++) {
                bytes[i] = (byte) payload[i];
            }
            return frame(type, flags, stream, bytes);
        }

        Client frame(int type, int flags, int stream, byte[] payload) throws IOException {
            try {
                out.write(Frames.head(payload.length, type, flags, stream));
                out.write(payload);
            } catch (SocketException e) {
                // Whoever has seen enough does not listen to the rest.
            }
            return this;
        }

        Client call(int stream, String path, boolean ends) throws IOException {
            return frame(Http2.HEADERS, Http2.END_HEADERS | (ends ? Http2.END_STREAM : 0), stream, Frames.block(path));
        }

        /** Reads up to a frame of this type; its flags, stream and payload in hexadecimal, or "end". */
        String await(int wanted) throws IOException {
            try {
                while (true) {
                    int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
                    int type = in.readUnsignedByte();
                    in.readUnsignedByte();
                    int stream = in.readInt();
                    byte[] payload = in.readNBytes(length);
                    if (type == wanted) {
                        return stream + ":" + HexFormat.of().formatHex(payload);
                    }
                }
            } catch (EOFException | SocketException e) {
                return "end";
            }
        }

        /** What GOAWAY says. */
        int awaitGoAway() throws IOException {
            String said = await(Http2.GOAWAY);
            assertThat(said).as("no farewell").isNotEqualTo("end");
            return Integer.parseInt(said.substring(2 + 8, 2 + 16), 16);
        }

        int awaitReset() throws IOException {
            String said = await(Http2.RST_STREAM);
            assertThat(said).as("no reset").isNotEqualTo("end");
            return Integer.parseInt(said.substring(said.indexOf(':') + 1), 16);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private interface Deed {
        void on(Client client) throws IOException;
    }

    private void endsConnection(int error, Deed deed) throws IOException {
        try (Client client = new Client().greeted()) {
            deed.on(client);
            assertThat(client.awaitGoAway()).isEqualTo(error);
            assertThat(client.await(-1)).isEqualTo("end");
        }
        await().atMost(LIMIT).until(() -> server.connections.awaitNone(0));
    }

    private void endsStream(int error, Deed deed) throws IOException {
        try (Client client = new Client().greeted()) {
            deed.on(client);
            assertThat(client.awaitReset()).isEqualTo(error);
            // The connection goes on.
            client.call(101, "/test.Echo/Echo", false).frame(Http2.DATA, Http2.END_STREAM, 101, Frames.message(3));
            assertThat(client.await(Http2.DATA)).isEqualTo("101:0000000003000000");
        }
    }

    @Test
    void shouldEndConnectionsThatBreakTheRules() throws IOException {
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.DATA, 0, 0, 1));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.DATA, 0, 1, 1));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.RST_STREAM, 0, 1, 0, 0, 0, 8));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.WINDOW_UPDATE, 0, 1, 0, 0, 0, 8));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.WINDOW_UPDATE, 0, 0, 0, 0, 0, 0));
        endsConnection(
                Http2.FLOW_CONTROL_ERROR, client -> client.frame(Http2.WINDOW_UPDATE, 0, 0, 0x7f, 0xff, 0xff, 0xff));
        endsConnection(Http2.FRAME_SIZE_ERROR, client -> client.frame(Http2.PING, 0, 0, 1));
        endsConnection(Http2.FRAME_SIZE_ERROR, client -> client.frame(Http2.SETTINGS, 0, 0, 1));
        endsConnection(Http2.FRAME_SIZE_ERROR, client -> client.frame(Http2.SETTINGS, Http2.ACK, 0, 1));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.SETTINGS, 0, 3));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.SETTINGS, 0, 0, 0, 2, 0, 0, 0, 2));
        endsConnection(Http2.FLOW_CONTROL_ERROR, client -> client.frame(Http2.SETTINGS, 0, 0, 0, 4, 0x80, 0, 0, 0));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.SETTINGS, 0, 0, 0, 5, 0, 0, 0, 1));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.PUSH_PROMISE, 0, 1, 0, 0, 0, 2));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.CONTINUATION, 0, 1, 1));
        endsConnection(Http2.FRAME_SIZE_ERROR, client -> client.frame(Http2.DATA, 0, 1, new byte[16_385]));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.DATA, Http2.PADDED, 1, 9, 1));
        endsConnection(Http2.PROTOCOL_ERROR, client -> client.call(2, "/test.Echo/Echo", true));
        endsConnection(
                Http2.STREAM_CLOSED,
                client -> client.call(3, "/test.Echo/Nope", true).call(1, "/test.Echo/Echo", true));
        endsConnection(
                Http2.COMPRESSION_ERROR, client -> client.frame(Http2.HEADERS, Http2.END_HEADERS, 1, 0xff, 0xff));
        endsConnection(
                Http2.PROTOCOL_ERROR,
                client -> client.frame(Http2.HEADERS, 0, 1, Frames.block("/test.Echo/Echo"))
                        .frame(Http2.PING, 0, 0, new byte[8]));
        endsConnection(Http2.ENHANCE_YOUR_CALM, client -> {
            client.frame(Http2.HEADERS, 0, 1, Frames.block("/test.Echo/Echo"));
            for (int i = 0; i < 1000; i++) {
                client.frame(Http2.CONTINUATION, 0, 1);
            }
        });
        endsConnection(Http2.ENHANCE_YOUR_CALM, client -> {
            for (int i = 0; i < 5; i++) {
                client.frame(Http2.PING, 0, 0, new byte[8]);
            }
        });
    }

    @Test
    void shouldEndConnectionsThatBeginOtherwise() throws IOException {
        try (Client client = new Client()) {
            client.out.write("PRI * HTTP/1.0\r\n\r\n0123456789".getBytes(StandardCharsets.US_ASCII));
            assertThat(client.awaitGoAway()).isEqualTo(Http2.PROTOCOL_ERROR);
        }
        try (Client client = new Client()) {
            client.out.write(Http2.PREFACE);
            client.frame(Http2.PING, 0, 0, new byte[8]);
            assertThat(client.awaitGoAway()).isEqualTo(Http2.PROTOCOL_ERROR);
        }
    }

    @Test
    void shouldEndStreamsThatBreakTheRules() throws IOException {
        endsStream(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.HEADERS, Http2.END_HEADERS, 1, 0x83, 0x86));
        endsStream(
                Http2.PROTOCOL_ERROR,
                client -> client.frame(
                        Http2.HEADERS, Http2.END_HEADERS, 1, Frames.block("/test.Echo/Echo", "connection", "close")));
        endsStream(
                Http2.PROTOCOL_ERROR,
                client -> client.frame(
                        Http2.HEADERS, Http2.END_HEADERS, 1, Frames.block("/test.Echo/Echo", "Upper", "case")));
        endsStream(
                Http2.PROTOCOL_ERROR,
                client -> client.frame(
                        Http2.HEADERS, Http2.END_HEADERS, 1, Frames.block("/test.Echo/Echo", "te", "gzip")));
        endsStream(
                Http2.PROTOCOL_ERROR,
                client -> client.frame(
                                Http2.HEADERS,
                                Http2.END_HEADERS,
                                1,
                                Frames.block("/test.Echo/Echo", "content-length", "1"))
                        .frame(Http2.DATA, Http2.END_STREAM, 1, Frames.message(3)));
        endsStream(
                Http2.PROTOCOL_ERROR,
                client -> client.call(1, "/test.Echo/Talk", false).call(1, "/test.Echo/Talk", true));
        endsStream(
                Http2.STREAM_CLOSED,
                client -> client.call(1, "/test.Echo/Never", true)
                        .frame(Http2.RST_STREAM, 0, 1, 0, 0, 0, 8)
                        .frame(Http2.DATA, 0, 1, 1));
        endsStream(
                Http2.PROTOCOL_ERROR,
                client -> client.call(1, "/test.Echo/Talk", false).frame(Http2.WINDOW_UPDATE, 0, 1, 0, 0, 0, 0));
        endsStream(
                Http2.PROTOCOL_ERROR,
                client -> client.call(1, "/test.Echo/Nope", true).frame(Http2.WINDOW_UPDATE, 0, 1, 0, 0, 0, 0));
        endsStream(
                Http2.FLOW_CONTROL_ERROR,
                client -> client.call(1, "/test.Echo/Talk", false)
                        .frame(Http2.WINDOW_UPDATE, 0, 1, 0x7f, 0xff, 0xff, 0xff));
    }

    @Test
    void shouldRefuseTheStreamThatIsTooMany() throws IOException {
        try (Client client = new Client().greeted()) {
            int streams = server.connections.settings().concurrentStreamsMax();
            for (int i = 0; i <= streams; i++) {
                client.call(2 * i + 1, "/test.Echo/Talk", false);
            }
            assertThat(client.await(Http2.RST_STREAM)).isEqualTo(2 * streams + 1 + ":00000007");
            client.frame(Http2.RST_STREAM, 0, 1, 0, 0, 0, Http2.CANCEL)
                    .call(2 * streams + 3, "/test.Echo/Talk", false)
                    .frame(Http2.DATA, 0, 2 * streams + 3, Frames.message(1));
            assertThat(client.await(Http2.DATA)).startsWith(2 * streams + 3 + ":");
        }
    }

    @Test
    void shouldHoldNoMoreThanTheWindowOfWhatNobodyAskedFor() throws IOException {
        try (Client client = new Client().greeted()) {
            client.call(1, "/test.Echo/Later", false);
            // One call, one request: what follows is never asked for.
            byte[] rest = new byte[Http2.MIN_FRAME_BYTES_MAX];
            for (int i = 0; i <= GrpcConnection.STREAM_WINDOW / rest.length + 2; i++) {
                client.frame(Http2.DATA, 0, 1, rest);
            }
            assertThat(client.awaitReset()).isIn(Http2.FLOW_CONTROL_ERROR, Http2.NO_ERROR, Http2.STREAM_CLOSED);
        }
    }

    @Test
    void shouldStopHearingAClientThatDoesNotListen() throws IOException {
        try (Client client = new Client().greeted()) {
            byte[] window = {0x7f, 0, 0, 0};
            client.frame(Http2.WINDOW_UPDATE, 0, 0, window);
            byte[] request = Frames.message(60_000);
            Thread writer = new Thread(() -> {
                try {
                    for (int stream = 1; stream < 20_000; stream += 2) {
                        client.call(stream, "/test.Echo/Echo", false);
                        for (int at = 0; at < request.length; at += 15_000) {
                            byte[] part = Arrays.copyOfRange(request, at, Math.min(request.length, at + 15_000));
                            boolean last = at + 15_000 >= request.length;
                            client.frame(Http2.DATA, last ? Http2.END_STREAM : 0, stream, part);
                        }
                    }
                } catch (IOException e) {
                    // The test is over.
                }
            });
            writer.setDaemon(true);
            writer.start();
            // It stands still long before 600 MB are through: the socket takes no more.
            await().atMost(LIMIT).until(() -> writer.getState() == Thread.State.RUNNABLE && server.ended.size() > 2);
            int[] before = {-1};
            await().atMost(LIMIT).pollInterval(Duration.ofMillis(500)).until(() -> {
                int now = server.ended.size();
                boolean stands = now == before[0];
                before[0] = now;
                return stands;
            });
            assertThat(server.ended.size()).isLessThan(5000);
        }
    }

    @Test
    void shouldSurviveAnyBytes() throws IOException {
        long seed = Seed.choose();
        System.out.println(Seed.replay(seed));
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            try (Client client = new Client().greeted()) {
                for (int i = 0; i < 20; i++) {
                    byte[] payload = new byte[random.nextInt(50)];
                    random.nextBytes(payload);
                    if (random.nextInt(3) == 0) {
                        client.call(2 * random.nextInt(10) + 1, "/test.Echo/Echo", random.nextBoolean());
                    } else {
                        client.frame(random.nextInt(11), random.nextInt(256), random.nextInt(20), payload);
                    }
                }
                client.socket.shutdownOutput();
                client.await(-1);
            }
        }
        await().atMost(LIMIT).until(() -> server.connections.awaitNone(0));
        endsStream(Http2.PROTOCOL_ERROR, client -> client.frame(Http2.HEADERS, Http2.END_HEADERS, 1, 0x83, 0x86));
    }
}
