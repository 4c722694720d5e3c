package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import io.grpc.netty.shaded.io.netty.bootstrap.ServerBootstrap;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInitializer;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.SimpleChannelInboundHandler;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpObjectAggregator;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponseStatus;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpServerCodec;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A transport with its sockets and a host that writes down what it hears. Thread-safe. */
final class TestMember implements RaftHost, PeerListener, AutoCloseable {
    static final long CLUSTER = 0xc1L;

    /** The commit index of such messages. */
    static final long GREETING = 1_000_000;

    static final Duration READ_TIMEOUT = Duration.ofMillis(900);

    /** What is different from the usual. */
    record Options(
            PeerConfig config,
            @Nullable SocketAddress address,
            @Nullable SslContext serverTls,
            @Nullable SslContext clientTls) {}

    final List<Message> received = new CopyOnWriteArrayList<>();
    /** The types of messages that only try whether the streams work. */
    final Set<MessageType> greetings = ConcurrentHashMap.newKeySet();

    final List<Long> unreachable = new CopyOnWriteArrayList<>();
    final List<Boolean> snapshotReports = new CopyOnWriteArrayList<>();
    final List<byte[]> databases = new CopyOnWriteArrayList<>();
    final List<String> sinkCalls = new CopyOnWriteArrayList<>();
    final Set<Long> removedMembers = ConcurrentHashMap.newKeySet();
    final Map<Long, Long> roundTrips = new ConcurrentHashMap<>();
    final AtomicLong toldRemoved = new AtomicLong();
    final AtomicLong sentBytes = new AtomicLong();
    final AtomicLong receivedBytes = new AtomicLong();
    final AtomicInteger snapshotsUnderWay = new AtomicInteger();
    final AtomicInteger activeChanges = new AtomicInteger();
    volatile boolean full;
    volatile boolean diskBroken;

    final PeerTransport transport;
    final long id;
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final ExecutorService blocking = Executors.newSingleThreadExecutor();
    private final Channel listening;

    TestMember(long id) {
        this(id, new Options(config(id, CLUSTER), null, null, null));
    }

    TestMember(long id, Options options) {
        this.id = id;
        SslContext clientTls = options.clientTls();
        transport = new PeerTransport(
                options.config(),
                new PeerNetwork(
                        loops,
                        NioSocketChannel.class,
                        NioDomainSocketChannel.class,
                        blocking,
                        clientTls == null ? null : () -> clientTls),
                this,
                this);
        SslContext serverTls = options.serverTls();
        SocketAddress address = options.address();
        Class<? extends ServerChannel> type =
                address == null ? NioServerSocketChannel.class : NioServerDomainSocketChannel.class;
        listening = new ServerBootstrap()
                .group(loops)
                .channel(type)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (serverTls != null) {
                            channel.pipeline().addLast(serverTls.newHandler(channel.alloc()));
                        }
                        channel.pipeline()
                                .addLast(new HttpServerCodec(), transport.newHandler())
                                .addLast(new HttpObjectAggregator(1 << 16), new OtherPages());
                    }
                })
                .bind(address == null ? new InetSocketAddress("127.0.0.1", 0) : address)
                .syncUninterruptibly()
                .channel();
    }

    static PeerConfig config(long id, long cluster) {
        return PeerConfig.of(id, cluster, List.of("http://127.0.0.1:1"), Duration.ofSeconds(1))
                .withTimes(READ_TIMEOUT, Duration.ofMillis(100));
    }

    int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    String url() {
        return "http://127.0.0.1:" + port();
    }

    boolean isActive(long peer) {
        return transport.activeSince(peer) != null;
    }

    @Override
    public void close() {
        transport.close();
        listening.close().syncUninterruptibly();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS);
        blocking.shutdownNow();
    }

    // The host.

    @Override
    public boolean process(Message message) {
        if (full) {
            return false;
        }
        if (message.commit() == GREETING) {
            greetings.add(message.type());
        } else {
            received.add(message);
        }
        return true;
    }

    @Override
    public boolean isRemoved(long member) {
        return removedMembers.contains(member);
    }

    @Override
    public void reportUnreachable(long member) {
        unreachable.add(member);
    }

    @Override
    public void reportSnapshot(long member, boolean delivered) {
        snapshotReports.add(delivered);
    }

    @Override
    public SnapshotSink receiveSnapshot(Message message) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        return new SnapshotSink() {
            @Override
            public void write(ByteBuffer part) throws IOException {
                if (diskBroken) {
                    throw new IOException("no space left on device");
                }
                byte[] copy = new byte[part.remaining()];
                part.get(copy);
                bytes.writeBytes(copy);
            }

            @Override
            public void commit() {
                databases.add(bytes.toByteArray());
                sinkCalls.add("commit");
            }

            @Override
            public void abort() {
                sinkCalls.add("abort");
            }
        };
    }

    @Override
    public void removedFromCluster(long toldBy) {
        toldRemoved.set(toldBy);
    }

    // The listener.

    @Override
    public void roundTrip(long peer, long nanos) {
        roundTrips.put(peer, nanos);
    }

    @Override
    public void sent(long peer, long bytes) {
        sentBytes.addAndGet(bytes);
    }

    @Override
    public void received(long peer, long bytes) {
        receivedBytes.addAndGet(bytes);
    }

    @Override
    public void peerActive(long peer) {
        activeChanges.incrementAndGet();
    }

    @Override
    public void peerInactive(long peer) {
        activeChanges.decrementAndGet();
    }

    @Override
    public void snapshotReceiveBegun(long peer) {
        snapshotsUnderWay.incrementAndGet();
    }

    @Override
    public void snapshotReceiveEnded(long peer, boolean saved, long nanos) {
        snapshotsUnderWay.decrementAndGet();
    }

    /** What another part of the server would serve. */
    private static final class OtherPages extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
            FullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1,
                    HttpResponseStatus.OK,
                    Unpooled.copiedBuffer("elsewhere " + request.uri(), StandardCharsets.UTF_8));
            response.headers().set("Content-Length", response.content().readableBytes());
            ctx.writeAndFlush(response);
        }
    }
}
