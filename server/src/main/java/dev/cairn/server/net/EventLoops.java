package dev.cairn.server.net;

import io.grpc.Attributes;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.IoHandlerFactory;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that move bytes, shared by all ports. There is one loop for two cores, because a request's real work is done elsewhere
 * and a loop costs a wake-up. Linux's own selector is used where the library has it.
 */
public final class EventLoops implements AutoCloseable {
    /** The event loop of the connection that a call came in on, among the attributes of the call. */
    public static final Attributes.Key<Executor> OF_CONNECTION = Attributes.Key.create("dev.cairn.event-loop");

    /** Tasks of handshakes that may wait; each is small, and its connection is not read from meanwhile. */
    private static final int HANDSHAKE_TASKS_MAX = 16_384;

    private static final long HANDSHAKE_IDLE_SECONDS = 10;

    /** A name server that does not answer keeps one. */
    private static final int LOOKUP_THREADS = 2;

    /** Connections of peers whose names may wait to be looked up; none of them is read from meanwhile. */
    private static final int LOOKUPS_MAX = 1024;

    private final EventLoopGroup group;
    private final boolean epoll;
    private final ExecutorService handshakes;
    private final ExecutorService lookups;

    private EventLoops(EventLoopGroup group, boolean epoll) {
        this.group = group;
        this.epoll = epoll;
        this.handshakes = threadsInNeed("etcd-tls", 1, HANDSHAKE_TASKS_MAX);
        this.lookups = threadsInNeed("etcd-names", LOOKUP_THREADS, LOOKUPS_MAX);
    }

    /** The threads beside the event loops, by their names. */
    public Map<String, ExecutorService> pools() {
        return Map.of("etcd-tls", handshakes, "etcd-names", lookups);
    }

    /** Threads that go away when there is nothing to do. */
    private static ExecutorService threadsInNeed(String name, int threads, int waitingMax) {
        ThreadPoolExecutor executor = new ThreadPoolExecutor(
                threads,
                threads,
                HANDSHAKE_IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(waitingMax),
                task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    public static EventLoops open() {
        boolean epoll = !Boolean.getBoolean("cairn.net.nio") && Epoll.isAvailable();
        int loops = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        IoHandlerFactory selector = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        return new EventLoops(new MultiThreadIoEventLoopGroup(loops, threads(), selector), epoll);
    }

    private static ThreadFactory threads() {
        AtomicInteger next = new AtomicInteger();
        return work -> {
            Thread thread = new Thread(work, "etcd-io-" + next.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** The threads themselves, for connections that are made from here. */
    public EventLoopGroup group() {
        return group;
    }

    /** The event loop that the caller is on, and the other one where it is on none. Thread-safe. */
    public Executor here(Executor elsewhere) {
        for (EventExecutor loop : group) {
            if (loop.inEventLoop()) {
                return loop;
            }
        }
        return elsewhere;
    }

    /**
     * The same action, run less often: what an event loop asks for, it runs once when it has read all the sockets that it found ready. So the
     * thread that the action wakes is woken for all that they brought, and not for each of them. Other threads run it at once.
     */
    public Runnable oncePerLook(Runnable action) {
        return new OncePerLook(group, action);
    }

    /** The class of connections to addresses. */
    public Class<? extends Channel> tcpClient() {
        return epoll ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    /** The class of connections to sockets of the file system. */
    public Class<? extends Channel> unixClient() {
        return epoll ? EpollDomainSocketChannel.class : NioDomainSocketChannel.class;
    }

    /** Runs what TLS computes for handshakes; refuses when too much waits. */
    Executor handshakes() {
        return handshakes;
    }

    /** Runs what has to wait for names; refuses when too much waits. */
    Executor lookups() {
        return lookups;
    }

    boolean epoll() {
        return epoll;
    }

    /** The class of listeners on addresses. */
    public Class<? extends ServerChannel> tcp() {
        return epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    Class<? extends ServerChannel> unix() {
        return epoll ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class;
    }

    /** Ends the threads after the ports are stopped. */
    @Override
    public void close() {
        handshakes.shutdownNow();
        lookups.shutdownNow();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
}
