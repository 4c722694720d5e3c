package dev.cairn.http2;

import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.HandlerRegistry;
import io.grpc.KnownLength;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.bootstrap.ServerBootstrap;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A server with one small service, on our transport or on grpc-java's. */
final class EchoServer implements AutoCloseable {
    static final int MESSAGE_BYTES_MAX = 1 << 20;
    static final Duration PING_INTERVAL_MIN = Duration.ofHours(1);

    static final MethodDescriptor<byte[], byte[]> ECHO = method("Echo", MethodType.UNARY);

    /** Answers from another thread. */
    static final MethodDescriptor<byte[], byte[]> LATER = method("Later", MethodType.UNARY);

    /** Never answers. */
    static final MethodDescriptor<byte[], byte[]> NEVER = method("Never", MethodType.UNARY);

    /** Answers as many messages of a kilobyte as the request says, as fast as it may. */
    static final MethodDescriptor<byte[], byte[]> COUNT = method("Count", MethodType.SERVER_STREAMING);

    static final MethodDescriptor<byte[], byte[]> TALK = method("Talk", MethodType.BIDI_STREAMING);

    /** How long all that came is. */
    static final MethodDescriptor<byte[], byte[]> SUM = method("Sum", MethodType.CLIENT_STREAMING);

    /** Fails with the status and the text that the request names. */
    static final MethodDescriptor<byte[], byte[]> FAIL = method("Fail", MethodType.UNARY);

    /** Throws. */
    static final MethodDescriptor<byte[], byte[]> THROW = method("Throw", MethodType.UNARY);

    static final int COUNTED_BYTES = 1024;

    /** What became of calls, in the tracer's words. */
    final Queue<String> ended = new ConcurrentLinkedQueue<>();

    /** Calls that heard that nobody waits for them. */
    final AtomicInteger cancelled = new AtomicInteger();

    /** Messages that {@link #COUNT} has said so far. */
    final AtomicInteger counted = new AtomicInteger();

    final GrpcConnections connections;
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final ExecutorService others = Executors.newFixedThreadPool(2);
    private final @Nullable Server stock;
    private final int port;

    EchoServer(boolean ours) {
        this(ours, Duration.ZERO, Duration.ZERO);
    }

    EchoServer(boolean ours, Duration keepAlive, Duration keepAliveTimeout) {
        ServerStreamTracer.Factory tracers = new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                return new ServerStreamTracer() {
                    @Override
                    public void streamClosed(Status status) {
                        ended.add(method + " " + status.getCode());
                    }
                };
            }
        };
        GrpcSettings settings = new GrpcSettings(
                MESSAGE_BYTES_MAX,
                1 << 16,
                100,
                keepAlive,
                keepAliveTimeout,
                PING_INTERVAL_MIN,
                Duration.ofSeconds(20));
        connections = new GrpcConnections(
                settings, Context.ROOT, new Methods(service().bindService()), tracers);
        if (ours) {
            stock = null;
            port = listen();
        } else {
            try {
                stock = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                        .directExecutor()
                        .maxInboundMessageSize(MESSAGE_BYTES_MAX)
                        .addService(service())
                        .addStreamTracerFactory(tracers)
                        .build()
                        .start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            port = stock.getPort();
        }
    }

    private int listen() {
        Channel listener = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public boolean isSharable() {
                        return true;
                    }

                    @Override
                    public void channelRegistered(ChannelHandlerContext ctx) {
                        Attributes attributes = Attributes.newBuilder()
                                .set(
                                        Grpc.TRANSPORT_ATTR_REMOTE_ADDR,
                                        ctx.channel().remoteAddress())
                                .build();
                        ctx.pipeline().addLast(connections.newConnection(attributes));
                        ctx.pipeline().remove(this);
                    }
                })
                .bind("127.0.0.1", 0)
                .syncUninterruptibly()
                .channel();
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    int port() {
        return port;
    }

    private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
        return MethodDescriptor.<byte[], byte[]>newBuilder()
                .setFullMethodName("test.Echo/" + name)
                .setType(type)
                .setRequestMarshaller(new Bytes(false))
                .setResponseMarshaller(new Bytes(true))
                .build();
    }

    /** Bytes as they are, whose length may be known. */
    private record Bytes(boolean known) implements MethodDescriptor.Marshaller<byte[]> {
        private static final class Known extends ByteArrayInputStream implements KnownLength {
            Known(byte[] bytes) {
                super(bytes);
            }
        }

        @Override
        public InputStream stream(byte[] value) {
            return known ? new Known(value) : new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static final class Methods extends HandlerRegistry {
        private final ServerServiceDefinition service;

        Methods(ServerServiceDefinition service) {
            this.service = service;
        }

        @Override
        public List<ServerServiceDefinition> getServices() {
            return List.of(service);
        }

        @Override
        public @Nullable ServerMethodDefinition<?, ?> lookupMethod(String name, @Nullable String authority) {
            return service.getMethod(name);
        }
    }

    private BindableService service() {
        return () -> ServerServiceDefinition.builder("test.Echo")
                .addMethod(ECHO, ServerCalls.asyncUnaryCall((request, call) -> {
                    call.onNext(request);
                    call.onCompleted();
                }))
                .addMethod(
                        LATER,
                        ServerCalls.asyncUnaryCall((request, call) -> others.execute(() -> {
                            call.onNext(request);
                            call.onCompleted();
                        })))
                .addMethod(NEVER, ServerCalls.asyncUnaryCall((request, call) -> onCancel(call)))
                .addMethod(COUNT, ServerCalls.asyncServerStreamingCall(this::count))
                .addMethod(TALK, ServerCalls.asyncBidiStreamingCall(this::talk))
                .addMethod(SUM, ServerCalls.asyncClientStreamingCall(EchoServer::sum))
                .addMethod(FAIL, ServerCalls.asyncUnaryCall((request, call) -> {
                    Metadata trailers = new Metadata();
                    trailers.put(Metadata.Key.of("detail-bin", Metadata.BINARY_BYTE_MARSHALLER), new byte[] {0, -1, 7});
                    String[] said = new String(request, StandardCharsets.UTF_8).split(" ", 2);
                    Status status =
                            Status.fromCode(Status.Code.valueOf(said[0])).withDescription(said[1]);
                    call.onError(status.asRuntimeException(trailers));
                }))
                .addMethod(THROW, ServerCalls.asyncUnaryCall((request, call) -> {
                    throw new IllegalStateException("thrown by the service");
                }))
                .build();
    }

    private void onCancel(StreamObserver<byte[]> call) {
        ((ServerCallStreamObserver<byte[]>) call).setOnCancelHandler(cancelled::incrementAndGet);
    }

    private void count(byte[] request, StreamObserver<byte[]> observer) {
        ServerCallStreamObserver<byte[]> call = (ServerCallStreamObserver<byte[]>) observer;
        int wanted = Integer.parseInt(new String(request, StandardCharsets.UTF_8));
        AtomicInteger said = new AtomicInteger();
        call.setOnCancelHandler(cancelled::incrementAndGet);
        call.setOnReadyHandler(() -> {
            while (call.isReady() && said.get() < wanted) {
                byte[] message = new byte[COUNTED_BYTES];
                message[0] = (byte) said.getAndIncrement();
                counted.incrementAndGet();
                call.onNext(message);
                if (said.get() == wanted) {
                    call.onCompleted();
                }
            }
        });
    }

    private StreamObserver<byte[]> talk(StreamObserver<byte[]> call) {
        onCancel(call);
        return new StreamObserver<>() {
            @Override
            public void onNext(byte[] value) {
                call.onNext(value);
            }

            @Override
            public void onError(Throwable failure) {
                // The handler above counts it.
            }

            @Override
            public void onCompleted() {
                call.onCompleted();
            }
        };
    }

    private static StreamObserver<byte[]> sum(StreamObserver<byte[]> call) {
        return new StreamObserver<>() {
            private long bytes;

            @Override
            public void onNext(byte[] value) {
                bytes += value.length;
            }

            @Override
            public void onError(Throwable failure) {
                // Nobody waits for the sum.
            }

            @Override
            public void onCompleted() {
                call.onNext(Long.toString(bytes).getBytes(StandardCharsets.UTF_8));
                call.onCompleted();
            }
        };
    }

    @Override
    public void close() {
        if (stock != null) {
            stock.shutdownNow();
        }
        connections.cut();
        loops.shutdownGracefully();
        others.shutdownNow();
    }
}
