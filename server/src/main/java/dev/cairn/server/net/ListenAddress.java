package dev.cairn.server.net;

import dev.cairn.server.config.EtcdUrl;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** From the URLs of the configuration to addresses that can be bound, and etcd's words for those that cannot. */
public final class ListenAddress {
    private ListenAddress() {}

    /** The address to bind; a socket file that a killed process left is removed. */
    static SocketAddress resolve(EtcdUrl url, EventLoops loops) throws IOException {
        if (url.unixSocket()) {
            Path file = Path.of(url.host());
            removeSocketFile(file);
            return loops.epoll() ? new DomainSocketAddress(url.host()) : UnixDomainSocketAddress.of(file);
        }
        if (url.port() > 0xffff) {
            throw new IOException("listen tcp: address " + url.port() + ": invalid port");
        }
        try {
            return new InetSocketAddress(InetAddress.getByName(url.host()), url.port());
        } catch (UnknownHostException e) {
            throw new IOException("listen tcp: lookup " + url.host() + ": no such host", e);
        }
    }

    /** What a killed process left; a file that is no socket stays and makes binding fail. */
    private static void removeSocketFile(Path file) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file) && !Files.isDirectory(file)) {
            Files.delete(file);
        }
    }

    /** The failure in etcd's words. */
    public static IOException bindError(EtcdUrl url, SocketAddress address, Throwable failure) {
        StringBuilder said = new StringBuilder();
        Throwable at = failure;
        for (int depth = 0; at != null && depth < 8; depth++) {
            said.append(at.getMessage()).append('\n');
            at = at.getCause();
        }
        String lower = said.toString().toLowerCase(Locale.ROOT);
        String reason;
        if (lower.contains("in use")) {
            reason = "address already in use";
        } else if (lower.contains("cannot assign") || lower.contains("can't assign")) {
            reason = "cannot assign requested address";
        } else if (lower.contains("denied")) {
            reason = "permission denied";
        } else {
            reason = String.valueOf(failure.getMessage());
        }
        String network = url.unixSocket() ? "unix " + url.host() : "tcp " + text(address);
        return new IOException("listen " + network + ": bind: " + reason, failure);
    }

    /** Host and port as log lines show them. */
    public static String text(SocketAddress address) {
        if (!(address instanceof InetSocketAddress inet)) {
            return address.toString();
        }
        InetAddress host = inet.getAddress();
        String name = host == null ? inet.getHostString() : host.getHostAddress();
        return (name.indexOf(':') < 0 ? name : "[" + name + "]") + ":" + inet.getPort();
    }
}
