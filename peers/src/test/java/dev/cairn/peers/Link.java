package dev.cairn.peers;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A cable to a port that can be cut, or that swallows what goes through it without anybody being told. Thread-safe. */
final class Link implements AutoCloseable {
    private final ServerSocket listening;
    private final int port;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private volatile boolean cut;
    private volatile boolean silent;

    Link(int port) {
        this.port = port;
        try {
            listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start(this::accept);
    }

    String url() {
        return "http://127.0.0.1:" + listening.getLocalPort();
    }

    /** Closes all connections and refuses new ones. */
    void cut() throws IOException {
        cut = true;
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    /** Connections stay open, and nothing comes through. */
    void silence() {
        silent = true;
    }

    /** All is well again; what was lost is lost. */
    void mend() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        silent = false;
        cut = false;
    }

    @Override
    public void close() throws IOException {
        listening.close();
        cut();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                if (cut) {
                    client.close();
                    continue;
                }
                Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
                sockets.add(client);
                sockets.add(server);
                start(() -> pump(client, server));
                start(() -> pump(server, client));
            }
        } catch (IOException e) {
            // Closed.
            return;
        }
    }

    private void pump(Socket from, Socket to) {
        byte[] block = new byte[1 << 16];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            for (int count = in.read(block); count >= 0; count = in.read(block)) {
                if (!silent) {
                    to.getOutputStream().write(block, 0, count);
                }
            }
        } catch (SocketException e) {
            // Cut.
            return;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "link");
        thread.setDaemon(true);
        thread.start();
    }
}
