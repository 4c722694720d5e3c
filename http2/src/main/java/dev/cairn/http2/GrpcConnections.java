package dev.cairn.http2;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.HandlerRegistry;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The gRPC connections of one port: makes the handler of each, and ends them all. Thread-safe.
 *
 * <p>It does not listen: who does puts a {@link #newConnection handler} into the pipeline of a connection whose client speaks HTTP/2, before
 * the preface has been taken. States: serving; draining, in which new connections are closed and old ones go when their calls have ended.
 */
public final class GrpcConnections {
    private final GrpcSettings settings;
    private final Context context;
    private final HandlerRegistry methods;
    private final ServerStreamTracer.Factory tracers;
    private final Set<GrpcConnection> connections = new HashSet<>();
    private final Map<EventLoop, Turns> turns = new ConcurrentHashMap<>();
    private boolean draining;

    /**
     * @param context what the contexts of all calls are made from
     * @param methods what is served; it answers calls of unknown methods too, if it wants to
     * @param tracers told of every call
     */
    public GrpcConnections(
            GrpcSettings settings, Context context, HandlerRegistry methods, ServerStreamTracer.Factory tracers) {
        this.settings = settings;
        this.context = context;
        this.methods = methods;
        this.tracers = tracers;
    }

    /**
     * The handler of a new connection.
     *
     * @param attributes what calls get to know of the connection, by the keys of {@link io.grpc.Grpc}
     */
    public ChannelHandler newConnection(Attributes attributes) {
        return new GrpcConnection(this, attributes);
    }

    /** Asks all clients to go elsewhere; calls under way go on. */
    public void drain() {
        all().forEach(GrpcConnection::drain);
    }

    /** Ends all connections, with the calls that are under way. */
    public void cut() {
        all().forEach(GrpcConnection::cut);
    }

    /** Waits until no connection is left, but no longer than so many nanoseconds; whether none is. */
    public synchronized boolean awaitNone(long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        while (!connections.isEmpty()) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return true;
    }

    private synchronized List<GrpcConnection> all() {
        draining = true;
        return new ArrayList<>(connections);
    }

    /** False when no more connections are wanted. */
    synchronized boolean add(GrpcConnection connection) {
        return !draining && connections.add(connection);
    }

    synchronized void remove(GrpcConnection connection) {
        if (connections.remove(connection) && connections.isEmpty()) {
            notifyAll();
        }
    }

    /** The turns of an event loop's connections. Thread-safe. */
    Turns turns(EventLoop loop) {
        return turns.computeIfAbsent(loop, Turns::new);
    }

    GrpcSettings settings() {
        return settings;
    }

    Context context() {
        return context;
    }

    HandlerRegistry methods() {
        return methods;
    }

    ServerStreamTracer.Factory tracers() {
        return tracers;
    }
}
