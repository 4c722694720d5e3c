package dev.cairn.peers;

import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the host lends: threads, and how connections are made.
 *
 * @param loops the event loops, of the kind of the channels; still the host's, who ends them after the transport is closed
 * @param tcp the class of client channels to addresses
 * @param unix the class of client channels to sockets of the file system; null: such peer URLs cannot be dialled
 * @param blocking for what may wait: names of hosts, reading and writing snapshots. Each job is short and at most one a snapshot is under
 *     way at a time, so few threads are enough
 * @param tls asked for at each dial to a URL with TLS, so that renewed certificates are used; null: such peer URLs cannot be dialled
 */
public record PeerNetwork(
        EventLoopGroup loops,
        Class<? extends Channel> tcp,
        @Nullable Class<? extends Channel> unix,
        Executor blocking,
        @Nullable Supplier<SslContext> tls) {}
