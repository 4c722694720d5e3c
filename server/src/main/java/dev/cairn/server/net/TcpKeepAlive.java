package dev.cairn.server.net;

import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollChannelOption;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioChannelOption;
import java.util.Map;
import jdk.net.ExtendedSocketOptions;

/**
 * How the operating system finds out that the other side of a silent connection is gone, in etcd's times: after half a minute of silence it asks,
 * then every quarter of a minute, and the ninth question without an answer ends the connection. Stateless.
 *
 * <p>The system's own defaults would keep half-open connections, and what they hold, for more than two hours.
 */
final class TcpKeepAlive {
    private static final int SILENCE_SECONDS = 30;
    private static final int INTERVAL_SECONDS = 15;
    private static final int QUESTIONS = 9;

    private TcpKeepAlive() {}

    /** What to set on accepted TCP connections. */
    static Map<ChannelOption<Integer>, Integer> times(boolean epoll) {
        return epoll
                ? Map.of(
                        EpollChannelOption.TCP_KEEPIDLE,
                        SILENCE_SECONDS,
                        EpollChannelOption.TCP_KEEPINTVL,
                        INTERVAL_SECONDS,
                        EpollChannelOption.TCP_KEEPCNT,
                        QUESTIONS)
                : Map.of(
                        NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE),
                        SILENCE_SECONDS,
                        NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL),
                        INTERVAL_SECONDS,
                        NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT),
                        QUESTIONS);
    }
}
