package dev.cairn.server.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.http.Router;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ClientPortTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private final List<ClientPort> ports = new ArrayList<>();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final EventLoops loops = EventLoops.open();
    private final Router router = Router.plain();
    private final CompletableFuture<HttpAnswer> slow = new CompletableFuture<>();

    @TempDir
    Path directory;

    ClientPortTest() {
        router.get("/hello", request -> CompletableFuture.completedFuture(HttpAnswer.text(200, "hello")));
        router.any(
                "/echo",
                request -> CompletableFuture.completedFuture(
                        HttpAnswer.of(200, "application/octet-stream", request.body())));
        router.get("/slow", request -> slow);
        router.get("/fails", request -> CompletableFuture.failedFuture(new IllegalStateException("on purpose")));
    }

    @AfterEach
    void stop() {
        channels.forEach(ManagedChannel::shutdownNow);
        ports.forEach(port -> port.stop(Duration.ZERO));
        loops.close();
    }

    private static ServerConfig config(String... arguments) {
        Outcome outcome = CommandLine.read(List.of(arguments), Map.of());
        assertThat(outcome).as("%s", outcome).isInstanceOf(Outcome.Start.class);
        return ((Outcome.Start) outcome).config();
    }

    private static ServerConfig anyPort(String... more) {
        List<String> arguments = new ArrayList<>(
                List.of("--listen-client-urls=http://127.0.0.1:0", "--advertise-client-urls=http://127.0.0.1:0"));
        arguments.addAll(List.of(more));
        return config(arguments.toArray(new String[0]));
    }

    private ClientPort bind(ServerConfig config, Duration limit) throws IOException {
        return bind(config, limit, List.of());
    }

    private ClientPort bind(ServerConfig config, Duration limit, List<ServerInterceptor> interceptors)
            throws IOException {
        HttpHandler metrics = request -> CompletableFuture.completedFuture(HttpAnswer.text(200, "metrics"));
        ServerStreamTracer.Factory untraced = new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                return new ServerStreamTracer() {};
            }
        };
        ClientPort.Content content =
                new ClientPort.Content(List.of(service()), interceptors, untraced, router, metrics);
        ClientPort port = ClientPort.bind(config, loops, () -> content, limit);
        ports.add(port);
        return port;
    }

    private ClientPort serve(ServerConfig config, Duration limit) throws IOException {
        ClientPort port = bind(config, limit);
        port.serve();
        return port;
    }

    private static int port(ClientPort port, int index) {
        return ((InetSocketAddress) port.addresses().get(index)).getPort();
    }

    private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };

    private static MethodDescriptor<byte[], byte[]> method(String name, MethodDescriptor.MethodType type) {
        return MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(type)
                .setFullMethodName(name)
                .setRequestMarshaller(BYTES)
                .setResponseMarshaller(BYTES)
                .build();
    }

    private static final MethodDescriptor<byte[], byte[]> ECHO =
            method("test.Service/Echo", MethodDescriptor.MethodType.UNARY);
    private static final MethodDescriptor<byte[], byte[]> ENDLESS =
            method("test.Service/Endless", MethodDescriptor.MethodType.SERVER_STREAMING);

    private static ServerServiceDefinition service() {
        return ServerServiceDefinition.builder("test.Service")
                .addMethod(ECHO, ServerCalls.asyncUnaryCall((request, answer) -> {
                    answer.onNext(request);
                    answer.onCompleted();
                }))
                .addMethod(ENDLESS, ServerCalls.asyncServerStreamingCall((request, answer) -> answer.onNext(request)))
                .build();
    }

    private ManagedChannel channel(int port) {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .maxInboundMessageSize(64 << 20)
                .build();
        channels.add(channel);
        return channel;
    }

    private static byte[] call(ManagedChannel channel, MethodDescriptor<byte[], byte[]> method, byte[] request) {
        return ClientCalls.blockingUnaryCall(
                channel, method, CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS), request);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(20_000);
        return socket;
    }

    /** All that comes until the other side closes. */
    private static String exchange(int port, String sent) throws IOException {
        try (Socket socket = connect(port)) {
            socket.getOutputStream().write(bytes(sent));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    private static String readUntil(InputStream in, String end) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        while (!read.toString(StandardCharsets.ISO_8859_1).endsWith(end)) {
            int next = in.read();
            if (next < 0) {
                break;
            }
            read.write(next);
        }
        return read.toString(StandardCharsets.ISO_8859_1);
    }

    @Test
    void shouldSpeakGrpcAndHttpOnOnePort() throws IOException {
        int port = port(serve(anyPort(), LONG), 0);
        ManagedChannel channel = channel(port);
        assertThat(call(channel, ECHO, bytes("x"))).isEqualTo(bytes("x"));
        assertThat(exchange(port, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
                .matches("(?s)HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: .* GMT\r\n"
                        + "Content-Length: 5\r\nConnection: close\r\n\r\nhello");
        assertThat(exchange(port, "GET /hello HTTP/1.0\r\n\r\n"))
                .startsWith("HTTP/1.0 200 OK\r\n")
                .endsWith("\r\n\r\nhello");
        assertThat(call(channel, ECHO, bytes("y"))).isEqualTo(bytes("y"));
    }

    @Test
    void shouldDecideWhateverThePiecesTheBytesComeIn() throws Exception {
        int port = port(serve(anyPort(), LONG), 0);
        String settings = "\0\0\0\4\0\0\0\0\0";
        String preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        for (String pieces :
                List.of(preface + settings, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")) {
            for (int cut = 1; cut < pieces.length(); cut += 3) {
                try (Socket socket = connect(port)) {
                    socket.setTcpNoDelay(true);
                    OutputStream out = socket.getOutputStream();
                    out.write(bytes(pieces.substring(0, cut)));
                    out.flush();
                    // The first piece is on its way on its own; reading nothing shows that it was not refused.
                    socket.setSoTimeout(5);
                    try {
                        assertThat(socket.getInputStream().read())
                                .as("cut at %d", cut)
                                .isNotEqualTo(-1);
                    } catch (SocketTimeoutException expected) {
                        // Still waiting for the rest.
                    }
                    socket.setSoTimeout(20_000);
                    out.write(bytes(pieces.substring(cut)));
                    int first = socket.getInputStream().read();
                    assertThat(first)
                            .as("cut at %d of %s", cut, pieces.substring(0, 4))
                            .isNotEqualTo(-1);
                }
            }
        }
    }

    @Test
    void shouldCloseWhatSpeaksNeither() throws IOException {
        int port = port(serve(anyPort(), LONG), 0);
        for (String garbage : List.of(
                "hello\r\n\r\n",
                "GET / HTTP/9.9\r\n\r\n",
                "HTTP/1.1\r\n",
                "\u0016\u0003\u0001\u0002",
                "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
                "X".repeat(4096),
                "\0")) {
            assertThat(exchange(port, garbage)).as(garbage).isEmpty();
        }
    }

    @Test
    void shouldRefuseBadRequestsAsEtcd() throws IOException {
        int port = port(serve(anyPort(), LONG), 0);
        assertThat(exchange(port, "GET /hello HTTP/1.1\r\n\r\n"))
                .startsWith("HTTP/1.1 400 Bad Request\r\n")
                .endsWith("\r\n\r\n400 Bad Request: missing required Host header");
        assertThat(exchange(port, "GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"))
                .startsWith("HTTP/1.1 400 Bad Request\r\n");
        assertThat(exchange(port, "GET /fails HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 500 Internal Server Error\r\n")
                .doesNotContain("on purpose");
    }

    @Test
    void shouldCloseConnectionsThatStaySilent() throws IOException {
        int port = port(serve(anyPort(), Duration.ofMillis(100)), 0);
        assertThat(exchange(port, "")).isEmpty();
        assertThat(exchange(port, "GET /hel")).isEmpty();
        assertThat(exchange(port, "PRI * HT")).isEmpty();
    }

    @Test
    void shouldKeepHttpConnectionsBeyondTheLimitForTheFirstBytes() throws Exception {
        int port = port(serve(anyPort(), Duration.ofMillis(100)), 0);
        try (Socket socket = connect(port)) {
            socket.getOutputStream().write(bytes("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"));
            // Silent connections that came later are cut, so the limit has passed for this one too.
            assertThat(exchange(port, "")).isEmpty();
            assertThat(exchange(port, "")).isEmpty();
            slow.complete(HttpAnswer.text(200, "late"));
            assertThat(readUntil(socket.getInputStream(), "late")).startsWith("HTTP/1.1 200 OK\r\n");
        }
    }

    @Test
    void shouldAnswerPipelinedRequestsInOrder() throws IOException {
        int port = port(serve(anyPort(), LONG), 0);
        try (Socket socket = connect(port)) {
            StringBuilder requests = new StringBuilder("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
            for (int i = 0; i < 50; i++) {
                String body = "body-" + i;
                requests.append(
                        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
            }
            socket.getOutputStream().write(bytes(requests.toString()));
            slow.complete(HttpAnswer.text(200, "slow"));
            String answers = readUntil(socket.getInputStream(), "body-49");
            int at = answers.indexOf("\r\n\r\nslow");
            assertThat(at).isPositive();
            for (int i = 0; i < 50; i++) {
                int next = answers.indexOf("\r\n\r\nbody-" + i, at);
                assertThat(next).as("answer %d", i).isGreaterThan(at);
                at = next;
            }
        }
    }

    @Test
    void shouldAcceptButNotAnswerUntilItServes() throws Exception {
        ClientPort port = bind(anyPort(), LONG);
        try (Socket socket = connect(port(port, 0))) {
            socket.getOutputStream().write(bytes("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
            socket.setSoTimeout(100);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            socket.setSoTimeout(20_000);
            port.serve();
            assertThat(readUntil(socket.getInputStream(), "hello")).startsWith("HTTP/1.1 200 OK\r\n");
        }
        assertThat(call(channel(port(port, 0)), ECHO, bytes("z"))).isEqualTo(bytes("z"));
    }

    @Test
    void shouldNameTheAddressThatIsInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, java.net.InetAddress.getByName("127.0.0.1"))) {
            int number = taken.getLocalPort();
            String url = "http://127.0.0.1:" + number;
            ServerConfig grpc = config("--listen-client-urls=" + url, "--advertise-client-urls=" + url);
            assertThatThrownBy(() -> bind(grpc, LONG))
                    .hasMessage("listen tcp 127.0.0.1:" + number + ": bind: address already in use");
            assertThatThrownBy(() -> bind(anyPort("--listen-metrics-urls=" + url), LONG))
                    .hasMessage("listen tcp 127.0.0.1:" + number + ": bind: address already in use");
        }
        ServerConfig far = config("--listen-client-urls=http://127.0.0.1:999999", "--advertise-client-urls=http://a:1");
        assertThatThrownBy(() -> bind(far, LONG)).hasMessage("listen tcp: address 999999: invalid port");
        ServerConfig other = config("--listen-client-urls=http://192.0.2.1:0", "--advertise-client-urls=http://a:1");
        assertThatThrownBy(() -> bind(other, LONG))
                .hasMessage("listen tcp 192.0.2.1:0: bind: cannot assign requested address");
    }

    @Test
    void shouldLimitMessagesToTheRequestSizeAndItsEnvelope() throws IOException {
        int port = port(serve(anyPort("--max-request-bytes=1000"), LONG), 0);
        ManagedChannel channel = channel(port);
        assertThat(call(channel, ECHO, new byte[1000 + (512 << 10)])).hasSize(1000 + (512 << 10));
        assertThatThrownBy(() -> call(channel, ECHO, new byte[1001 + (512 << 10)]))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().toString())
                                .contains(
                                        "code=RESOURCE_EXHAUSTED",
                                        "grpc: received message larger than max (525289 vs. 525288)"));
        assertThat(call(channel, ECHO, bytes("the connection lives on"))).isEqualTo(bytes("the connection lives on"));
    }

    private static final String PREFACE_AND_SETTINGS = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    private static final String PING = "\0\0\10\6\0\0\0\0\00012345678";

    /** The payload of the next frame of the type; the frames before it are passed over. */
    private static byte[] nextFrame(InputStream in, int type) throws IOException {
        while (true) {
            byte[] head = in.readNBytes(9);
            assertThat(head).as("frame").hasSize(9);
            byte[] payload = in.readNBytes((head[0] & 0xff) << 16 | (head[1] & 0xff) << 8 | head[2] & 0xff);
            if (head[3] == type && (type != 4 || head[4] == 0)) {
                return payload;
            }
        }
    }

    @Test
    void shouldTellHowManyStreamsAConnectionMayHave() throws IOException {
        int port = port(serve(anyPort("--max-concurrent-streams=7"), LONG), 0);
        try (Socket socket = connect(port)) {
            socket.getOutputStream().write(bytes(PREFACE_AND_SETTINGS));
            ByteBuffer settings = ByteBuffer.wrap(nextFrame(socket.getInputStream(), 4));
            List<String> told = new ArrayList<>();
            while (settings.hasRemaining()) {
                told.add(settings.getShort() + "=" + settings.getInt());
            }
            assertThat(told).contains("3=7");
        }
    }

    @Test
    void shouldEndConnectionsThatPingTooOften() throws IOException {
        int port = port(serve(anyPort(), LONG), 0);
        try (Socket socket = connect(port)) {
            socket.getOutputStream().write(bytes(PREFACE_AND_SETTINGS + PING.repeat(6)));
            ByteBuffer goAway = ByteBuffer.wrap(nextFrame(socket.getInputStream(), 7));
            goAway.getInt();
            assertThat(goAway.getInt()).as("ENHANCE_YOUR_CALM").isEqualTo(11);
            assertThat(StandardCharsets.US_ASCII.decode(goAway).toString()).isEqualTo("too_many_pings");
        }
    }

    @Test
    void shouldNameUnknownMethodsAsEtcd() throws IOException {
        ManagedChannel channel = channel(port(serve(anyPort(), LONG), 0));
        assertThatThrownBy(
                        () -> call(channel, method("test.Service/Nope", MethodDescriptor.MethodType.UNARY), bytes("")))
                .hasMessage("UNIMPLEMENTED: unknown method Nope for service test.Service");
        assertThatThrownBy(
                        () -> call(channel, method("other.Service/Nope", MethodDescriptor.MethodType.UNARY), bytes("")))
                .hasMessage("UNIMPLEMENTED: unknown service other.Service");
    }

    @Test
    void shouldRunInterceptorsFromTheFirstInwards() throws IOException {
        List<String> order = new java.util.concurrent.CopyOnWriteArrayList<>();
        ClientPort port = bind(anyPort(), LONG, List.of(noting(order, "first"), noting(order, "second")));
        port.serve();
        call(channel(port(port, 0)), ECHO, bytes(""));
        assertThat(order).containsExactly("first", "second");
    }

    private static ServerInterceptor noting(List<String> order, String name) {
        return new ServerInterceptor() {
            @Override
            public <Q, A> ServerCall.Listener<Q> interceptCall(
                    ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                order.add(name);
                return next.startCall(call, headers);
            }
        };
    }

    @Test
    void shouldServeHttpAndMetricsApart() throws IOException {
        ClientPort port = serve(
                anyPort("--listen-client-http-urls=http://localhost:0", "--listen-metrics-urls=http://127.0.0.1:0"),
                LONG);
        String request = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        assertThat(exchange(port(port, 0), request)).isEmpty();
        assertThat(exchange(port(port, 1), request)).endsWith("hello");
        assertThat(exchange(port(port, 2), request)).endsWith("metrics");
        assertThat(call(channel(port(port, 0)), ECHO, bytes("x"))).isEqualTo(bytes("x"));
        assertThat(exchange(port(port, 1), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).isEmpty();
    }

    @Test
    void shouldServeUnixSocketsAndRemoveTheFile() throws IOException {
        Path file = directory.resolve("s");
        ServerConfig config = config("--listen-client-urls=unix://" + file, "--advertise-client-urls=http://a:1");
        for (int round = 0; round < 2; round++) {
            ClientPort port = serve(config, LONG);
            try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                client.connect(UnixDomainSocketAddress.of(file));
                client.write(ByteBuffer.wrap(bytes("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")));
                ByteBuffer answer = ByteBuffer.allocate(4096);
                while (client.read(answer) >= 0) {
                    assertThat(answer.hasRemaining()).isTrue();
                }
                assertThat(new String(answer.array(), 0, answer.position(), StandardCharsets.ISO_8859_1))
                        .endsWith("hello");
            }
            port.stop(Duration.ZERO);
            assertThat(Files.exists(file)).isFalse();
        }
    }

    @Test
    void shouldLetAnAnswerInWorkOutBeforeItStops() throws Exception {
        ClientPort port = serve(anyPort(), LONG);
        try (Socket socket = connect(port(port, 0))) {
            socket.getOutputStream().write(bytes("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
            readUntil(socket.getInputStream(), "hello");
            socket.getOutputStream().write(bytes("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"));
            // The second request is in work once a third connection has been answered after it.
            exchange(port(port, 0), "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> port.stop(Duration.ofSeconds(20)));
            awaitRefused(port(port, 0));
            assertThat(stopped).isNotCompleted();
            slow.complete(HttpAnswer.text(200, "last words"));
            String answer = readUntil(socket.getInputStream(), "last words");
            assertThat(answer).endsWith("last words");
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            stopped.get(20, TimeUnit.SECONDS);
        }
    }

    /** Until the listener is closed, which is when stopping has begun. */
    private static void awaitRefused(int port) {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (System.nanoTime() < deadline) {
            try (Socket socket = connect(port)) {
                assertThat(socket.isConnected()).isTrue();
            } catch (IOException refused) {
                return;
            }
        }
        throw new AssertionError("still listening");
    }

    @Test
    void shouldCutEndlessStreamsWhenTheGraceIsOver() throws Exception {
        ClientPort port = serve(anyPort(), LONG);
        CompletableFuture<Status> end = new CompletableFuture<>();
        CompletableFuture<byte[]> first = new CompletableFuture<>();
        ClientCalls.asyncServerStreamingCall(
                channel(port(port, 0)).newCall(ENDLESS, CallOptions.DEFAULT), bytes("x"), new StreamObserver<>() {
                    @Override
                    public void onNext(byte[] value) {
                        first.complete(value);
                    }

                    @Override
                    public void onError(Throwable failure) {
                        end.complete(Status.fromThrowable(failure));
                    }

                    @Override
                    public void onCompleted() {
                        end.complete(Status.OK);
                    }
                });
        first.get(20, TimeUnit.SECONDS);
        long start = System.nanoTime();
        port.stop(Duration.ofMillis(200));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
        assertThat(end.get(20, TimeUnit.SECONDS).isOk()).isFalse();
    }
}
