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
    synchronized void cut() throws IOException {
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
        if (cut) {
            awaitRefusals();
        }
        synchronized (this) {
            for (Socket socket : sockets) {
                socket.close();
            }
            silent = false;
            cut = false;
        }
    }

    /** Connections that the kernel took during the cut are refused too, however late this accepts them: they come in their order. */
    private void awaitRefusals() throws IOException {
        try (Socket last = new Socket(InetAddress.getLoopbackAddress(), listening.getLocalPort())) {
            if (last.getInputStream().read() >= 0) {
                throw new IllegalStateException("somebody has answered through a cut link");
            }
        } catch (SocketException e) {
            // Reset: refused.
            return;
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        cut();
    }

    private void accept() {
        try {
            while (true) {
                connect(listening.accept());
            }
        } catch (IOException e) {
            // Closed.
            return;
        }
    }

    /** No cut comes between the question whether there is one and the sockets that it has to close. */
    private synchronized void connect(Socket client) throws IOException {
        if (cut) {
            client.close();
            return;
        }
        Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
        sockets.add(client);
        sockets.add(server);
        start(() -> pump(client, server));
        start(() -> pump(server, client));
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
