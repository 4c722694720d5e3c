package dev.cairn.it.peers;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.peers.PeerConfig;
import dev.cairn.peers.PeerListener;
import dev.cairn.peers.PeerNetwork;
import dev.cairn.peers.PeerTransport;
import dev.cairn.peers.RaftHost;
import dev.cairn.peers.SnapshotSink;
import dev.cairn.peers.SnapshotSource;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.RaftConfig;
import dev.cairn.raft.RaftNode;
import dev.cairn.raft.Ready;
import dev.cairn.raft.SoftState;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import io.grpc.netty.shaded.io.netty.bootstrap.ServerBootstrap;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInitializer;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.SimpleChannelInboundHandler;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpObjectAggregator;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponseStatus;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpServerCodec;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A member that is nothing but the consensus core, a log in memory and the peer transport: it votes, replicates and leads, and remembers the keys
 * of the puts that it sees committed. The core is confined to one thread; what tests look at is thread-safe.
 */
final class RawMember implements RaftHost, AutoCloseable {
    private static final Duration TICK = Duration.ofMillis(100);
    private static final byte[] VERSION =
            "{\"etcdserver\":\"3.7.1\",\"etcdcluster\":\"3.7.0\",\"storage\":\"3.7.0\"}".getBytes(UTF_8);

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final ScheduledExecutorService blocking = Executors.newSingleThreadScheduledExecutor();
    private final ScheduledExecutorService core = Executors.newSingleThreadScheduledExecutor();
    private final MemoryRaftStorage storage = new MemoryRaftStorage();
    private final Channel listening;
    private volatile @Nullable PeerTransport transport;
    private @Nullable RaftNode node;

    private final List<String> committedKeys = new CopyOnWriteArrayList<>();
    private final Map<MessageType, AtomicLong> received = new ConcurrentHashMap<>();
    private final Map<Long, Long> roundTrips = new ConcurrentHashMap<>();
    private final Set<String> troubles = ConcurrentHashMap.newKeySet();
    private volatile @Nullable SoftState soft;
    private final List<Boolean> returned = new CopyOnWriteArrayList<>();
    private volatile @Nullable Message snapshotMessage;
    private volatile byte[] database = new byte[0];
    private volatile long snapshotIndex;
    private volatile boolean removed;

    /** Binds a port; the rest begins with {@link #join}. */
    RawMember() {
        listening = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        PeerTransport ready = transport;
                        if (ready == null) {
                            channel.close();
                            return;
                        }
                        channel.pipeline()
                                .addLast(new HttpServerCodec(), ready.newHandler())
                                .addLast(new HttpObjectAggregator(1 << 16), new Pages());
                    }
                })
                .bind("127.0.0.1", 0)
                .syncUninterruptibly()
                .channel();
    }

    String url() {
        return "http://127.0.0.1:" + ((InetSocketAddress) listening.localAddress()).getPort();
    }

    /** Begins to live as a member that has been added to the cluster, with an empty log. */
    void join(long id, long clusterId, long other, String otherUrl) {
        PeerTransport opened = new PeerTransport(
                PeerConfig.of(id, clusterId, List.of(url()), Duration.ofSeconds(1))
                        .withTimes(Duration.ofSeconds(5), Duration.ofMillis(200)),
                new PeerNetwork(loops, NioSocketChannel.class, null, blocking, null),
                this,
                new Observer());
        transport = opened;
        Random random = new Random();
        run(() -> {
            node = new RaftNode(RaftConfig.builder()
                    .id(id)
                    .storage(storage)
                    .electionTicks(10)
                    .heartbeatTicks(1)
                    .randomBelow(random::nextInt)
                    .build());
            opened.addPeer(other, List.of(otherUrl));
        });
        core.scheduleAtFixedRate(() -> step(RaftNode::tick), TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Hands leadership to another member. */
    void transferLeader(long from, long to) {
        run(() -> step(running -> running.transferLeader(from, to)));
    }

    /** Sends the snapshot that was received to where it came from. */
    void returnSnapshot() {
        Message message = snapshotMessage;
        PeerTransport running = transport;
        if (message == null || running == null) {
            throw new IllegalStateException("no snapshot was received");
        }
        byte[] bytes = database;
        running.sendSnapshot(new SnapshotSource() {
            @Override
            public Message message() {
                return message.toBuilder().from(message.to()).to(message.from()).build();
            }

            @Override
            public InputStream open() {
                return new ByteArrayInputStream(bytes);
            }

            @Override
            public void release(boolean delivered) {
                returned.add(delivered);
            }
        });
    }

    /** How each {@link #returnSnapshot} ended. */
    List<Boolean> returned() {
        return List.copyOf(returned);
    }

    List<String> committedKeys() {
        return List.copyOf(committedKeys);
    }

    long leader() {
        SoftState state = soft;
        return state == null ? 0 : state.leader();
    }

    boolean hasReceived(MessageType... types) {
        EnumSet<MessageType> missing = EnumSet.copyOf(List.of(types));
        missing.removeAll(received.keySet());
        return missing.isEmpty();
    }

    boolean isActive(long peer) {
        PeerTransport running = transport;
        return running != null && running.activeSince(peer) != null;
    }

    boolean hasProbed(long peer) {
        return roundTrips.containsKey(peer);
    }

    byte[] database() {
        return database;
    }

    long snapshotIndex() {
        return snapshotIndex;
    }

    boolean isRemoved() {
        return removed;
    }

    /** What the core has thrown. */
    Set<String> troubles() {
        return Set.copyOf(troubles);
    }

    @Override
    public void close() {
        PeerTransport running = transport;
        if (running != null) {
            running.close();
        }
        core.shutdownNow();
        listening.close().syncUninterruptibly();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS);
        blocking.shutdownNow();
    }

    // The core.

    /** Something to do with the core. */
    private interface Step {
        void on(RaftNode node);
    }

    private void run(Runnable work) {
        core.execute(() -> {
            try {
                work.run();
            } catch (RuntimeException e) {
                troubles.add(e.toString());
                throw e;
            }
        });
    }

    private void step(Step step) {
        RaftNode running = node;
        if (running == null) {
            return;
        }
        try {
            step.on(running);
            while (running.hasReady()) {
                work(running, running.ready());
            }
        } catch (RuntimeException e) {
            troubles.add(e.toString());
            throw e;
        }
    }

    private void work(RaftNode running, Ready ready) {
        PeerTransport out = transport;
        if (out == null) {
            return;
        }
        SoftState state = ready.softState();
        if (state != null) {
            soft = state;
        }
        out.send(ready.messages());
        if (!ready.snapshot().isEmpty()) {
            storage.applySnapshot(ready.snapshot());
            snapshotIndex = ready.snapshot().metadata().index();
        }
        storage.append(ready.entries());
        if (!ready.hardState().isEmpty()) {
            storage.setHardState(ready.hardState());
        }
        out.send(ready.messagesAfterAppend());
        for (Entry entry : ready.committedEntries()) {
            apply(running, entry);
        }
        running.advance();
    }

    private void apply(RaftNode running, Entry entry) {
        if (entry.type() == EntryType.CONF_CHANGE) {
            running.applyConfChange(ConfChangeFormat.decode(entry.data()));
            return;
        }
        try {
            InternalRaftRequest request = InternalRaftRequest.parseFrom(entry.data());
            if (request.hasPut()) {
                committedKeys.add(request.getPut().getKey().toStringUtf8());
            }
        } catch (InvalidProtocolBufferException e) {
            troubles.add("entry " + entry.index() + ": " + e);
        }
    }

    // The port of the transport.

    @Override
    public boolean process(Message message) {
        received.computeIfAbsent(message.type(), type -> new AtomicLong()).incrementAndGet();
        try {
            run(() -> step(running -> running.step(message)));
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    @Override
    public boolean isRemoved(long id) {
        return false;
    }

    @Override
    public void reportUnreachable(long id) {
        later(running -> running.reportUnreachable(id));
    }

    @Override
    public void reportSnapshot(long id, boolean delivered) {
        later(running -> running.reportSnapshot(id, delivered));
    }

    private void later(Step step) {
        try {
            run(() -> step(step));
        } catch (RejectedExecutionException e) {
            troubles.add("report after the end");
        }
    }

    @Override
    public SnapshotSink receiveSnapshot(Message message) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        return new SnapshotSink() {
            @Override
            public void write(ByteBuffer part) {
                byte[] copy = new byte[part.remaining()];
                part.get(copy);
                bytes.writeBytes(copy);
            }

            @Override
            public void commit() {
                snapshotMessage = message;
                database = bytes.toByteArray();
            }

            @Override
            public void abort() {
                troubles.add("snapshot aborted");
            }
        };
    }

    @Override
    public void removedFromCluster(long toldBy) {
        removed = true;
    }

    private final class Observer implements PeerListener {
        @Override
        public void roundTrip(long id, long nanos) {
            roundTrips.put(id, nanos);
        }
    }

    /** The only page a leader asks for: which version this is. */
    private static final class Pages extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
            boolean known = request.uri().equals("/version");
            FullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1,
                    known ? HttpResponseStatus.OK : HttpResponseStatus.NOT_FOUND,
                    Unpooled.copiedBuffer(known ? VERSION : new byte[0]));
            response.headers().set("Content-Length", response.content().readableBytes());
            ctx.writeAndFlush(response);
        }
    }
}
