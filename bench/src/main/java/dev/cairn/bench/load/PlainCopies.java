package dev.cairn.bench.load;

import dev.cairn.bench.process.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Bytes that go from one socket to another on this machine, and mean nothing: what it costs everybody else that a large answer is sent and received here, whoever
 * makes it. Confined to one thread.
 */
public final class PlainCopies implements AutoCloseable {
    private static final int PIECE_BYTES = 128 << 10;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Pair> pairs = new ArrayList<>();

    private record Pair(SocketChannel from, SocketChannel to) {
        Void send(long bytes) throws IOException {
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
            for (long left = bytes; left > 0; ) {
                left -= from.write(piece.clear().limit((int) Math.min(left, PIECE_BYTES)));
            }
            return null;
        }

        Void receive(long bytes) throws IOException {
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
            for (long left = bytes; left > 0; ) {
                int read = to.read(piece.clear());
                if (read < 0) {
                    throw new IOException("a connection ended " + left + " bytes too early");
                }
                left -= read;
            }
            return null;
        }

        void close() throws IOException {
            from.close();
            to.close();
        }
    }

    /** @param count of connections */
    public PlainCopies(int count) throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            for (int i = 0; i < count; i++) {
                SocketChannel from = SocketChannel.open(server.getLocalAddress());
                pairs.add(new Pair(from, server.accept()));
            }
        }
    }

    /** Sends so many bytes over each connection at the same time, and returns when all are there. */
    public void send(long bytesEach) throws IOException {
        List<Future<Void>> ends = new ArrayList<>();
        for (Pair pair : pairs) {
            ends.add(threads.submit(() -> pair.receive(bytesEach)));
            ends.add(threads.submit(() -> pair.send(bytesEach)));
        }
        try {
            for (Future<Void> end : ends) {
                end.get();
            }
        } catch (InterruptedException e) {
            throw Waiting.interrupted(e);
        } catch (ExecutionException e) {
            throw new IOException("bytes could not be copied", e.getCause());
        }
    }

    @Override
    public void close() throws IOException {
        threads.shutdownNow();
        for (Pair pair : pairs) {
            pair.close();
        }
    }
}
