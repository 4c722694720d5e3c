package dev.cairn.it.conformance;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Stands between h2spec and a server, and makes calls of gRPC out of the plain requests that h2spec knows: to a header block that begins a
 * request it adds what makes it a call, and its method becomes {@code POST}. Everything else, in both directions, passes as it is, whether
 * it is HTTP/2 or not.
 *
 * <p>h2spec begins its blocks with the method, as one byte that refers to the table that never changes, and what is added is remembered by
 * no table; so neither side's table is out of step afterwards. Two threads for each connection, which end with it; thread-safe.
 */
final class CallProxy implements AutoCloseable {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);
    private static final int FRAME_HEADER_BYTES = 9;
    private static final int FRAME_BYTES_MAX = 1 << 14;
    private static final int HEADERS = 1;
    private static final int CONTINUATION = 9;
    private static final int END_HEADERS = 0x4;
    private static final int PADDED = 0x8;
    private static final int PRIORITY = 0x20;
    private static final int PRIORITY_BYTES = 5;
    private static final byte METHOD_GET = (byte) 0x82;
    private static final byte METHOD_POST = (byte) 0x83;

    private static final byte[] CALL = added();

    private final ServerSocket listener;
    private final int serverPort;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    private CallProxy(ServerSocket listener, int serverPort) {
        this.listener = listener;
        this.serverPort = serverPort;
    }

    static CallProxy start(int serverPort) {
        try {
            CallProxy proxy = new CallProxy(new ServerSocket(0, 0, InetAddress.getLoopbackAddress()), serverPort);
            thread("accept", proxy::accept);
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        sockets.forEach(CallProxy::end);
    }

    private static byte[] added() {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        literal(block, "content-type", "application/grpc");
        literal(block, "te", "trailers");
        return block.toByteArray();
    }

    /** A header that is not to be remembered. */
    private static void literal(ByteArrayOutputStream block, String name, String value) {
        block.write(0);
        block.write(name.length());
        block.writeBytes(name.getBytes(US_ASCII));
        block.write(value.length());
        block.writeBytes(value.getBytes(US_ASCII));
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void thread(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        // One of the ends has gone, and so has the connection.
                    }
                },
                "call-proxy-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listener.accept();
            Socket server = new Socket();
            sockets.add(client);
            sockets.add(server);
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort));
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            thread("in", () -> toServer(client, server));
            thread("out", () -> toClient(server, client));
        }
    }

    /** To the end of what the client says. What the server has said by then, or why it listens no more, is still on its way. */
    private static void toServer(Socket client, Socket server) throws IOException {
        try {
            rewrite(client.getInputStream(), server.getOutputStream());
        } finally {
            server.shutdownOutput();
        }
    }

    /** To the end of what the server says, which is the connection's. */
    private void toClient(Socket server, Socket client) throws IOException {
        try (server;
                client) {
            server.getInputStream().transferTo(client.getOutputStream());
        } finally {
            sockets.remove(server);
            sockets.remove(client);
        }
    }

    private static void end(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is of no use to anybody any more.
        }
    }

    private static void rewrite(InputStream bytes, OutputStream out) throws IOException {
        DataInputStream in = new DataInputStream(bytes);
        byte[] preface = in.readNBytes(PREFACE.length);
        out.write(preface);
        if (!Arrays.equals(preface, PREFACE)) {
            in.transferTo(out);
            return;
        }
        boolean inRequest = false;
        while (true) {
            byte[] header = in.readNBytes(FRAME_HEADER_BYTES);
            if (header.length < FRAME_HEADER_BYTES) {
                out.write(header);
                return;
            }
            int length = (header[0] & 0xff) << 16 | (header[1] & 0xff) << 8 | header[2] & 0xff;
            int type = header[3];
            if (type != HEADERS && type != CONTINUATION || length + CALL.length > FRAME_BYTES_MAX) {
                out.write(header);
                copy(in, out, length);
                continue;
            }
            byte[] payload = in.readNBytes(length);
            if (type == HEADERS) {
                inRequest = beginsRequest(header, payload);
            }
            boolean ends = (header[4] & END_HEADERS) != 0;
            out.write(inRequest && ends ? extended(header, payload) : joined(header, payload));
            inRequest = inRequest && !ends;
        }
    }

    /** Byte for byte as they come: the server may have something to say about a frame before it is there as a whole. */
    private static void copy(InputStream in, OutputStream out, int length) throws IOException {
        byte[] buffer = new byte[FRAME_BYTES_MAX];
        for (int left = length; left > 0; ) {
            int read = in.read(buffer, 0, Math.min(left, buffer.length));
            if (read < 0) {
                throw new EOFException();
            }
            out.write(buffer, 0, read);
            left -= read;
        }
    }

    /** Whether a request begins here, whose method is {@code POST} then. */
    private static boolean beginsRequest(byte[] header, byte[] payload) {
        int begin = ((header[4] & PADDED) == 0 ? 0 : 1) + ((header[4] & PRIORITY) == 0 ? 0 : PRIORITY_BYTES);
        if (begin >= payload.length - padding(header, payload)
                || payload[begin] != METHOD_GET && payload[begin] != METHOD_POST) {
            return false;
        }
        payload[begin] = METHOD_POST;
        return true;
    }

    private static int padding(byte[] header, byte[] payload) {
        return header[3] != HEADERS || (header[4] & PADDED) == 0 || payload.length == 0 ? 0 : payload[0] & 0xff;
    }

    /** The last frame of a request's header block, and what makes it a call. */
    private static byte[] extended(byte[] header, byte[] payload) {
        int padding = padding(header, payload);
        int end = payload.length - padding;
        byte[] longer = Arrays.copyOf(payload, payload.length + CALL.length);
        System.arraycopy(CALL, 0, longer, end, CALL.length);
        System.arraycopy(payload, end, longer, end + CALL.length, padding);
        byte[] its = header.clone();
        its[0] = (byte) (longer.length >> 16);
        its[1] = (byte) (longer.length >> 8);
        its[2] = (byte) longer.length;
        return joined(its, longer);
    }

    private static byte[] joined(byte[] header, byte[] payload) {
        byte[] frame = Arrays.copyOf(header, header.length + payload.length);
        System.arraycopy(payload, 0, frame, header.length, payload.length);
        return frame;
    }
}
