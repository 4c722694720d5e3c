package dev.cairn.server.systemd;

import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.unix.Socket;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Thread-safe. Sends messages to a socket of the file system, which the JDK cannot: its own sockets of this kind are streams. The
 * network library's can; on machines where it lacks its native part nothing can be sent, which is an {@link IOException}.
 */
final class UnixDatagrams implements AutoCloseable {
    private final Socket socket;
    private final String name;
    private final byte[] path;

    /** @param path where the receiver is; an at sign in front stands for a name outside the file system */
    UnixDatagrams(String path) throws IOException {
        if (!Epoll.isAvailable()) {
            throw new IOException("datagram sockets of the file system are not available on this machine");
        }
        this.name = path;
        this.path = path.getBytes(StandardCharsets.UTF_8);
        if (path.startsWith("@")) {
            this.path[0] = 0;
        }
        this.socket = Socket.newSocketDomainDgram();
    }

    /** @throws IOException when nobody receives, or the message is too large for it */
    void send(byte[] message) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(message.length);
        buffer.put(message);
        int sent;
        try {
            sent = socket.sendToDomainSocket(buffer, 0, message.length, path);
        } catch (FileNotFoundException e) {
            // The library says no more than that.
            throw new IOException("dial unixgram " + name + ": connect: no such file or directory", e);
        }
        if (sent != message.length) {
            throw new IOException("the receiver has no room");
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
