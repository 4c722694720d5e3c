package dev.cairn.server.systemd;

import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Confined to one thread. The other end: what the init system would hear. */
public final class DatagramReceiver implements AutoCloseable {
    private static final int MESSAGE_BYTES_MAX = 1 << 16;

    private final Socket socket;

    public DatagramReceiver(Path path) throws IOException {
        Epoll.ensureAvailability();
        socket = Socket.newSocketDomainDgram();
        socket.bind(new DomainSocketAddress(path.toString()));
    }

    /** The next message, which must have been sent already. */
    public byte[] receive() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(MESSAGE_BYTES_MAX);
        var from = socket.recvFromDomainSocket(buffer, 0, buffer.capacity());
        if (from == null) {
            throw new IOException("nothing was sent");
        }
        byte[] message = new byte[from.receivedAmount()];
        buffer.get(message);
        return message;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
