package dev.cairn.http2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls of grpc-java's own client: what it sees is the same on our transport and on grpc-java's. */
@Timeout(120)
@SuppressWarnings("NullAway.Init") // The fields are set before each test.
class CallsTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private EchoServer server;
    private ManagedChannel channel;

    private void start(boolean ours) {
        server = new EchoServer(ours);
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .maxInboundMetadataSize(1 << 20)
                .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private byte[] call(MethodDescriptor<byte[], byte[]> method, byte[] request) {
        return ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, request);
    }

    private StatusRuntimeException failure(
            MethodDescriptor<byte[], byte[]> method, CallOptions options, byte[] request) {
        try {
            ClientCalls.blockingUnaryCall(channel, method, options, request);
        } catch (StatusRuntimeException e) {
            return e;
        }
        throw new AssertionError("no failure");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldAnswer(boolean ours) {
        start(ours);
        Random random = new Random(1);
        for (int length : new int[] {0, 1, 5, 1000, 16_379, 16_380, 16_384, 65_535, 65_536, 1 << 20}) {
            byte[] request = new byte[length];
            random.nextBytes(request);
            assertThat(call(EchoServer.ECHO, request)).isEqualTo(request);
            assertThat(call(EchoServer.LATER, request)).isEqualTo(request);
        }
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(server.ended).hasSize(20).allMatch(end -> end.endsWith(" OK")));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldAnswerManyAtOnce(boolean ours) throws InterruptedException {
        start(ours);
        BlockingQueue<Object> answers = new LinkedBlockingQueue<>();
        int calls = 5000;
        for (int i = 0; i < calls; i++) {
            byte[] request = bytes("request " + i);
            MethodDescriptor<byte[], byte[]> method = i % 2 == 0 ? EchoServer.ECHO : EchoServer.LATER;
            ClientCalls.asyncUnaryCall(channel.newCall(method, CallOptions.DEFAULT), request, new StreamObserver<>() {
                @Override
                public void onNext(byte[] answer) {
                    answers.add(Arrays.equals(answer, request) ? "same" : "different");
                }

                @Override
                public void onError(Throwable failure) {
                    answers.add(failure);
                }

                @Override
                public void onCompleted() {
                    // The answer counts.
                }
            });
        }
        for (int i = 0; i < calls; i++) {
            assertThat(answers.poll(30, TimeUnit.SECONDS)).isEqualTo("same");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldTellWhyACallFailed(boolean ours) {
        start(ours);
        String text = "not so: \u20ac\n100%";
        StatusRuntimeException failure =
                failure(EchoServer.FAIL, CallOptions.DEFAULT, bytes("FAILED_PRECONDITION " + text));
        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(failure.getStatus().getDescription()).isEqualTo(text);
        assertThat(failure.getTrailers().get(Metadata.Key.of("detail-bin", Metadata.BINARY_BYTE_MARSHALLER)))
                .containsExactly(0, -1, 7);
        String longText = "INTERNAL " + "long ".repeat(10_000);
        assertThat(failure(EchoServer.FAIL, CallOptions.DEFAULT, bytes(longText))
                        .getStatus()
                        .getDescription())
                .isEqualTo(longText.substring(9));
        assertThat(failure(EchoServer.THROW, CallOptions.DEFAULT, bytes(""))
                        .getStatus()
                        .getCode())
                .isEqualTo(Status.Code.UNKNOWN);
        MethodDescriptor<byte[], byte[]> unknown =
                EchoServer.ECHO.toBuilder().setFullMethodName("test.Echo/Nope").build();
        assertThat(failure(unknown, CallOptions.DEFAULT, bytes("")).getStatus().getCode())
                .isEqualTo(Status.Code.UNIMPLEMENTED);
        assertThat(failure(EchoServer.ECHO, CallOptions.DEFAULT, new byte[EchoServer.MESSAGE_BYTES_MAX + 1])
                        .getStatus()
                        .getCode())
                .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        // The connection is as good as before.
        assertThat(call(EchoServer.ECHO, bytes("a"))).isEqualTo(bytes("a"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldWaitForAClientThatReadsSlowly(boolean ours) throws InterruptedException {
        start(ours);
        int messages = 20_000;
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        ClientCall<byte[], byte[]> call = channel.newCall(EchoServer.COUNT, CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(byte[] message) {
                        heard.add((int) message[0]);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        heard.add(status.getCode());
                    }
                },
                new Metadata());
        call.request(1);
        call.sendMessage(bytes(Integer.toString(messages)));
        call.halfClose();
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo(0);
        // What the client does not read stops the service, long before all is said.
        await().atMost(LIMIT).pollInterval(Duration.ofMillis(200)).until(new AtomicInteger(-1)::get, before -> {
            int now = server.counted.get();
            return now > 0 && now < messages / 2;
        });
        call.request(messages);
        for (int i = 1; i < messages; i++) {
            assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo((int) (byte) i);
        }
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo(Status.Code.OK);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldTalk(boolean ours) throws InterruptedException {
        start(ours);
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        StreamObserver<byte[]> said =
                ClientCalls.asyncBidiStreamingCall(channel.newCall(EchoServer.TALK, CallOptions.DEFAULT), into(heard));
        for (int i = 0; i < 100; i++) {
            said.onNext(bytes("message " + i));
            assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("message " + i);
        }
        said.onCompleted();
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("completed");
    }

    private static StreamObserver<byte[]> into(BlockingQueue<Object> heard) {
        return new StreamObserver<>() {
            @Override
            public void onNext(byte[] value) {
                heard.add(new String(value, StandardCharsets.UTF_8));
            }

            @Override
            public void onError(Throwable failure) {
                heard.add(Status.fromThrowable(failure).getCode());
            }

            @Override
            public void onCompleted() {
                heard.add("completed");
            }
        };
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldTakeMuchFromAClient(boolean ours) throws InterruptedException {
        start(ours);
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        StreamObserver<byte[]> said =
                ClientCalls.asyncClientStreamingCall(channel.newCall(EchoServer.SUM, CallOptions.DEFAULT), into(heard));
        long sum = 0;
        Random random = new Random(7);
        for (int i = 0; i < 200; i++) {
            byte[] message = new byte[random.nextInt(200_000)];
            sum += message.length;
            said.onNext(message);
        }
        said.onCompleted();
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo(Long.toString(sum));
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("completed");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldTellTheServiceThatNobodyWaits(boolean ours) throws InterruptedException {
        start(ours);
        assertThat(failure(
                                EchoServer.NEVER,
                                CallOptions.DEFAULT.withDeadlineAfter(300, TimeUnit.MILLISECONDS),
                                bytes(""))
                        .getStatus()
                        .getCode())
                .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        await().atMost(LIMIT).until(() -> server.cancelled.get() == 1);
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        ClientCall<byte[], byte[]> call = channel.newCall(EchoServer.TALK, CallOptions.DEFAULT);
        StreamObserver<byte[]> said = ClientCalls.asyncBidiStreamingCall(call, into(heard));
        said.onNext(bytes("a"));
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("a");
        call.cancel("enough", null);
        await().atMost(LIMIT).until(() -> server.cancelled.get() == 2);
        ClientCalls.asyncUnaryCall(channel.newCall(EchoServer.NEVER, CallOptions.DEFAULT), bytes(""), into(heard));
        ClientCalls.asyncUnaryCall(channel.newCall(EchoServer.ECHO, CallOptions.DEFAULT), bytes("b"), into(heard));
        List<Object> seen = new ArrayList<>();
        while (!seen.contains("b")) {
            seen.add(heard.poll(30, TimeUnit.SECONDS));
        }
        channel.shutdownNow();
        await().atMost(LIMIT).until(() -> server.cancelled.get() == 3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldReadWhatIsCompressed(boolean ours) {
        start(ours);
        byte[] request = new byte[100_000];
        assertThat(ClientCalls.blockingUnaryCall(
                        channel, EchoServer.ECHO, CallOptions.DEFAULT.withCompression("gzip"), request))
                .isEqualTo(request);
        if (ours) {
            // A small message that becomes a large one is a large one. (The other transport cancels the call.)
            assertThat(failure(
                                    EchoServer.ECHO,
                                    CallOptions.DEFAULT.withCompression("gzip"),
                                    new byte[8 * EchoServer.MESSAGE_BYTES_MAX])
                            .getStatus()
                            .getCode())
                    .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCountInOrder(boolean ours) {
        start(ours);
        Iterator<byte[]> answers =
                ClientCalls.blockingServerStreamingCall(channel, EchoServer.COUNT, CallOptions.DEFAULT, bytes("500"));
        for (int i = 0; i < 500; i++) {
            assertThat(answers.next()[0]).isEqualTo((byte) i);
        }
        assertThat(answers.hasNext()).isFalse();
    }

    /** A call that is under way for certain. */
    private StreamObserver<byte[]> talkingInto(BlockingQueue<Object> heard) throws InterruptedException {
        StreamObserver<byte[]> said =
                ClientCalls.asyncBidiStreamingCall(channel.newCall(EchoServer.TALK, CallOptions.DEFAULT), into(heard));
        said.onNext(bytes("a"));
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("a");
        return said;
    }

    private boolean answers(byte[] request) {
        try {
            call(EchoServer.ECHO, request);
            return true;
        } catch (StatusRuntimeException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true})
    void shouldLetCallsEndWhenItStops(boolean ours) throws InterruptedException {
        start(ours);
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        StreamObserver<byte[]> said = talkingInto(heard);
        server.connections.drain();
        // Calls that the client has made before it hears of it are answered.
        await().atMost(LIMIT).until(() -> !answers(bytes("b")));
        said.onNext(bytes("c"));
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("c");
        said.onCompleted();
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("completed");
        assertThat(server.connections.awaitNone(TimeUnit.SECONDS.toNanos(30))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true})
    void shouldCutCallsWhenItHasTo(boolean ours) throws InterruptedException {
        start(ours);
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        talkingInto(heard);
        server.connections.cut();
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isInstanceOf(Status.Code.class);
        assertThat(server.connections.awaitNone(TimeUnit.SECONDS.toNanos(30))).isTrue();
        await().atMost(LIMIT).until(() -> server.cancelled.get() == 1);
    }
}
