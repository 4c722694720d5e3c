package dev.cairn.bench.process;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;

/** Where connections lead. Thread-safe. */
@FunctionalInterface
public interface Channels {
    /**
     * A new connection; whoever opens it has to shut it down.
     *
     * @param number of several, so that they may lead to different servers
     */
    ManagedChannel open(int number);

    /** All to this host and port, without TLS. */
    static Channels plain(String target) {
        return number -> NettyChannelBuilder.forTarget(target).usePlaintext().build();
    }
}
