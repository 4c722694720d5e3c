package dev.cairn.proxy;

import dev.cairn.server.net.EventLoops;
import io.grpc.netty.shaded.io.netty.bootstrap.Bootstrap;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainDatagramPacket;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells who started the process that it serves, by systemd's protocol of notifications. Stateless; called by main. */
final class ServiceManager {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);
    private static final int LIMIT_SECONDS = 2;

    private ServiceManager() {}

    /** Sends the notification where one is expected; what fails is logged and changes nothing. */
    static void notifyReady(EventLoops loops) {
        LOG.info("notifying init daemon");
        String socket = System.getenv("NOTIFY_SOCKET");
        String error = socket == null || socket.isEmpty() ? null : send(loops, socket);
        if (error == null) {
            LOG.info("successfully notified init daemon");
        } else {
            LOG.atError()
                    .setMessage("failed to notify systemd for readiness")
                    .addKeyValue("error", error)
                    .log();
        }
    }

    /** Null when the datagram has left. The Java runtime has none for addresses in the file system, Linux's selector has. */
    private static @Nullable String send(EventLoops loops, String socket) {
        if (!Epoll.isAvailable() || !loops.tcpClient().getName().contains(".epoll.")) {
            return "no datagrams in the file system on this platform";
        }
        // A leading @ stands for the zero byte of addresses that are no files.
        DomainSocketAddress manager =
                new DomainSocketAddress(socket.startsWith("@") ? '\0' + socket.substring(1) : socket);
        ChannelFuture connected = new Bootstrap()
                .group(loops.group())
                .channel(EpollDomainDatagramChannel.class)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(manager);
        try {
            if (!connected.await(LIMIT_SECONDS, TimeUnit.SECONDS) || !connected.isSuccess()) {
                return String.valueOf(connected.cause());
            }
            Channel channel = connected.channel();
            ChannelFuture sent = channel.writeAndFlush(
                    new DomainDatagramPacket(Unpooled.copiedBuffer("READY=1", StandardCharsets.US_ASCII), manager));
            boolean done = sent.await(LIMIT_SECONDS, TimeUnit.SECONDS) && sent.isSuccess();
            channel.close();
            return done ? null : String.valueOf(sent.cause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }
}
