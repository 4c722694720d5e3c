package dev.cairn.server.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.Router;
import dev.cairn.server.tls.PeerCertificate;
import dev.cairn.server.tls.TestAuthority;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: TLS in front of everything the client port speaks. Method: JDK sockets and gRPC channels with certificates of the test. */
@Timeout(120)
class ClientPortTlsTest {
    private static final String REQUEST = "GET /hello HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n";

    private final TestAuthority authority = new TestAuthority("ca");
    private final List<ClientPort> ports = new ArrayList<>();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final EventLoops loops = EventLoops.open();
    /** Not the common pool: on a small machine that runs one load after the other. */
    private final ExecutorService loads = Executors.newCachedThreadPool();

    @TempDir
    Path directory;

    @AfterEach
    void stop() {
        loads.shutdownNow();
        channels.forEach(ManagedChannel::shutdownNow);
        ports.forEach(port -> port.stop(Duration.ZERO));
        loops.close();
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private ClientPort serve(String... more) throws IOException {
        if (!Files.exists(file("cert"))) {
            authority.server("EC", "localhost", "127.0.0.1").write(file("cert"), file("key"));
        }
        authority.write(file("ca"));
        List<String> arguments = new ArrayList<>(List.of(
                "--listen-client-urls=https://127.0.0.1:0",
                "--advertise-client-urls=https://127.0.0.1:0",
                "--cert-file=" + file("cert"),
                "--key-file=" + file("key")));
        arguments.addAll(List.of(more));
        Outcome outcome = CommandLine.read(arguments, Map.of());
        assertThat(outcome).as("%s", outcome).isInstanceOf(Outcome.Start.class);
        ServerConfig config = ((Outcome.Start) outcome).config();
        // The host check is on, so that an answer shows that it does not apply to TLS.
        Router router = Router.guarded(List.of("*"), List.of("only.example.com"));
        router.get("/hello", request -> CompletableFuture.completedFuture(HttpAnswer.text(200, "hello")));
        ServerStreamTracer.Factory untraced = new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                return new ServerStreamTracer() {};
            }
        };
        ClientPort port = ClientPort.bind(
                config, loops, () -> new ClientPort.Content(List.of(service()), List.of(), untraced, router, router));
        ports.add(port);
        port.serve();
        return port;
    }

    private static int number(ClientPort port, int index) {
        return ((InetSocketAddress) port.addresses().get(index)).getPort();
    }

    /** Answers with the common name of the caller. */
    private static ServerServiceDefinition service() {
        return ServerServiceDefinition.builder("test.Service")
                .addMethod(WHO, (call, headers) -> {
                    call.request(1);
                    return new Answering(call);
                })
                .build();
    }

    private static final class Answering extends ServerCall.Listener<String> {
        private final ServerCall<String, String> call;

        Answering(ServerCall<String, String> call) {
            this.call = call;
        }

        @Override
        public void onHalfClose() {
            String name = PeerCertificate.commonName(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
            call.sendHeaders(new Metadata());
            call.sendMessage(String.valueOf(name));
            call.close(Status.OK, new Metadata());
        }
    }

    private static final MethodDescriptor.Marshaller<String> TEXT = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(String value) {
            return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String parse(InputStream stream) {
            try {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };
    private static final MethodDescriptor<String, String> WHO = MethodDescriptor.<String, String>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("test.Service/Who")
            .setRequestMarshaller(TEXT)
            .setResponseMarshaller(TEXT)
            .build();

    private ManagedChannel channel(int port, TestAuthority trusted, TestAuthority.@Nullable Issued own)
            throws IOException {
        trusted.write(file("trusted"));
        TlsChannelCredentials.Builder credentials =
                TlsChannelCredentials.newBuilder().trustManager(file("trusted").toFile());
        if (own != null) {
            own.write(file("own-cert"), file("own-key"));
            credentials.keyManager(file("own-cert").toFile(), file("own-key").toFile());
        }
        ManagedChannel channel =
                Grpc.newChannelBuilder("127.0.0.1:" + port, credentials.build()).build();
        channels.add(channel);
        return channel;
    }

    private static String who(ManagedChannel channel) {
        return ClientCalls.blockingUnaryCall(
                channel, WHO, CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS), "?");
    }

    private SSLContext context(TestAuthority trusted, TestAuthority.@Nullable Issued own) {
        try {
            KeyStore anchors = KeyStore.getInstance("PKCS12");
            anchors.load(null, null);
            anchors.setCertificateEntry("ca", trusted.certificate());
            TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(anchors);
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            KeyStore identity = KeyStore.getInstance("PKCS12");
            identity.load(null, null);
            if (own != null) {
                identity.setKeyEntry(
                        "own", own.keys().getPrivate(), new char[0], new Certificate[] {own.certificate()});
            }
            keys.init(identity, new char[0]);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Setting {
        void on(SSLParameters parameters);
    }

    /** What a request over TLS is answered, all of it. */
    private static String exchange(SSLContext context, int port, Setting setting) throws IOException {
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
            socket.setSoTimeout(20_000);
            SSLParameters parameters = socket.getSSLParameters();
            setting.on(parameters);
            socket.setSSLParameters(parameters);
            socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    private static String exchange(SSLContext context, int port) throws IOException {
        return exchange(context, port, parameters -> {});
    }

    @Test
    void shouldSpeakBothProtocolsOverTlsAndNeitherInClear() throws IOException {
        int port = number(serve(), 0);
        assertThat(who(channel(port, authority, null))).isEqualTo("null");
        SSLContext context = context(authority, null);
        assertThat(exchange(context, port)).endsWith("hello");
        assertThat(exchange(context, port, p -> p.setApplicationProtocols(new String[] {"h2", "http/1.1"})))
                .endsWith("hello");
        assertThat(exchange(context, port, p -> p.setApplicationProtocols(new String[] {"http/1.1"})))
                .endsWith("hello");
        assertThatThrownBy(() -> exchange(context, port, p -> p.setApplicationProtocols(new String[] {"unheard-of"})))
                .isInstanceOf(IOException.class);
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.ISO_8859_1));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
                    .doesNotContain("hello");
        }
        assertThatThrownBy(() -> exchange(context(new TestAuthority("ca"), null), port))
                .isInstanceOf(IOException.class);
    }

    @Test
    void shouldServeListenersWithAndWithoutTlsSideBySide() throws IOException {
        ClientPort port = serve(
                "--listen-client-urls=http://localhost:0,https://127.0.0.1:0",
                "--listen-client-http-urls=https://localhost:0",
                "--listen-metrics-urls=https://127.0.0.1:0");
        SSLContext context = context(authority, null);
        assertThat(who(channel(number(port, 1), authority, null))).isEqualTo("null");
        assertThatThrownBy(() -> who(channel(number(port, 0), authority, null))).hasMessageStartingWith("UNAVAILABLE");
        assertThat(exchange(context, number(port, 2))).endsWith("hello");
        assertThat(exchange(context, number(port, 3))).endsWith("hello");
    }

    @Test
    void shouldAcceptOnlyTheVersionsAndSuitesThatAreAllowed() throws IOException {
        int only12 =
                number(serve("--tls-max-version=TLS1.2", "--cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), 0);
        SSLContext context = context(authority, null);
        assertThat(exchange(context, only12)).endsWith("hello");
        assertThatThrownBy(() -> exchange(context, only12, p -> p.setProtocols(new String[] {"TLSv1.3"})))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> exchange(context, only12, p -> {
                    p.setProtocols(new String[] {"TLSv1.2"});
                    p.setCipherSuites(new String[] {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"});
                }))
                .isInstanceOf(IOException.class);
        int only13 = number(serve("--tls-min-version=TLS1.3"), 0);
        assertThat(exchange(context, only13)).endsWith("hello");
        assertThatThrownBy(() -> exchange(context, only13, p -> p.setProtocols(new String[] {"TLSv1.2"})))
                .isInstanceOf(IOException.class);
    }

    @Test
    void shouldAcceptOnlyClientsWithCertificatesOfTheAuthority() throws IOException {
        int port = number(serve("--client-cert-auth", "--trusted-ca-file=" + file("ca")), 0);
        TestAuthority.Issued alice = authority.client("alice");
        assertThat(who(channel(port, authority, alice))).isEqualTo("alice");
        assertThat(exchange(context(authority, alice), port)).endsWith("hello");
        for (TestAuthority.@Nullable Issued wrong : java.util.Arrays.asList(
                null,
                new TestAuthority("ca").client("alice"),
                authority.expiredClient("alice"),
                authority.server("EC", "localhost"))) {
            assertThatThrownBy(() -> exchange(context(authority, wrong), port))
                    .as("%s", wrong)
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void shouldAcceptOnlyAllowedHostNames() throws IOException {
        int port = number(
                serve("--trusted-ca-file=" + file("ca"), "--client-cert-allowed-hostname=a.example.com,b.example.com"),
                0);
        assertThat(exchange(context(authority, authority.client("c", "b.example.com")), port))
                .endsWith("hello");
        assertThatThrownBy(() -> exchange(context(authority, authority.client("a.example.com", "x.org")), port))
                .isInstanceOf(IOException.class);
    }

    @Test
    void shouldTakeOverRevocationsAndAuthoritiesWhileItRuns() throws IOException {
        TestAuthority.Issued alice = authority.client("alice");
        TestAuthority.Issued bob = authority.client("bob");
        authority.writeRevocations(file("crl"), bob.certificate());
        int port = number(
                serve("--client-cert-auth", "--trusted-ca-file=" + file("ca"), "--client-crl-file=" + file("crl")), 0);
        SSLContext asAlice = context(authority, alice);
        assertThat(exchange(asAlice, port)).endsWith("hello");
        assertThatThrownBy(() -> exchange(context(authority, bob), port)).isInstanceOf(IOException.class);
        authority.writeRevocations(file("crl"), alice.certificate());
        assertThat(exchange(context(authority, bob), port)).endsWith("hello");
        // The same context would resume its session if it could.
        assertThatThrownBy(() -> exchange(asAlice, port)).isInstanceOf(IOException.class);

        TestAuthority other = new TestAuthority("other");
        other.write(file("ca"));
        assertThat(exchange(context(authority, other.client("carol")), port)).endsWith("hello");
        assertThatThrownBy(() -> exchange(context(authority, bob), port)).isInstanceOf(IOException.class);
        // What cannot be used does not take the place of what can.
        Files.writeString(file("ca"), "torn");
        assertThat(exchange(context(authority, other.client("carol")), port)).endsWith("hello");
    }

    @Test
    void shouldTakeOverCertificatesUnderLoadWithoutOneFailure() throws Exception {
        int port = number(serve(), 0);
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger calls = new AtomicInteger();
        ManagedChannel lasting = channel(port, authority, null);
        CompletableFuture<Void> steady = CompletableFuture.runAsync(
                () -> {
                    while (!done.get()) {
                        who(lasting);
                        calls.incrementAndGet();
                    }
                },
                loads);
        SSLContext context = context(authority, null);
        // What each new connection was shown; every one of them must come to its answer.
        AtomicReference<Certificate> shown = new AtomicReference<>();
        AtomicInteger connections = new AtomicInteger();
        CompletableFuture<Void> connecting = CompletableFuture.runAsync(
                () -> {
                    while (!done.get()) {
                        shown.set(certificateOfAnsweredConnection(context, port));
                        connections.incrementAndGet();
                    }
                },
                loads);
        TestAuthority.Issued elliptic = authority.server("EC", "localhost", "127.0.0.1");
        TestAuthority.Issued rsa = authority.server("RSA", "localhost", "127.0.0.1");
        for (int round = 0; round < ROUNDS; round++) {
            TestAuthority.Issued next = round % 2 == 0 ? rsa : elliptic;
            // Between its two halves the pair does not fit, and connections are made in that moment too.
            next.writeCertificate(file("cert"));
            int torn = connections.get();
            await(() -> connections.get() >= torn + 2, steady, connecting);
            assertThat(shown.get()).as("a torn pair").isNotEqualTo(next.certificate());
            next.writeKey(file("key"));
            await(() -> next.certificate().equals(shown.get()), steady, connecting);
        }
        assertThat(calls.get()).as("calls on the lasting connection").isGreaterThan(ROUNDS);
        done.set(true);
        steady.get(20, TimeUnit.SECONDS);
        connecting.get(20, TimeUnit.SECONDS);
    }

    private static final int ROUNDS = 20;

    private static Certificate certificateOfAnsweredConnection(SSLContext context, int port) {
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.ISO_8859_1));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
                    .endsWith("hello");
            return socket.getSession().getPeerCertificates()[0];
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Until the condition holds; ends with the failure of a load that has failed. */
    private static void await(BooleanSupplier condition, CompletableFuture<?>... loads) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            for (CompletableFuture<?> load : loads) {
                if (load.isDone()) {
                    load.get();
                }
            }
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            Thread.sleep(1);
        }
    }
}
