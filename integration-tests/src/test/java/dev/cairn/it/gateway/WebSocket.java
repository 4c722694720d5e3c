package dev.cairn.it.gateway;

import dev.cairn.it.process.ServerProcess;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/**
 * The client's end of one web socket (RFC 6455), which hands out all that came, in order, and only then the end. The one of the JDK forgets
 * a message that it has not handed out yet when the connection ends right behind it, as etcd's connections do.
 */
final class WebSocket implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int FIN = 0x80;
    private static final int MASKED = 0x80;
    private static final int LENGTH = 0x7f;
    private static final int SHORT_LENGTH = 126;
    private static final int CONTINUATION = 0;
    private static final int TEXT = 1;
    private static final int CLOSE = 8;
    private static final int NORMAL_CLOSURE = 1000;

    private final Socket socket;
    private final DataInputStream in;

    /** The protocol that the server chose of those offered; empty for none. */
    final String protocol;

    WebSocket(ServerProcess server, String path, String... protocols) {
        URI address = URI.create(server.clientUrl());
        try {
            socket = new Socket(address.getHost(), address.getPort());
            socket.setSoTimeout((int) LIMIT.toMillis());
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
            String offered =
                    protocols.length == 0 ? "" : "Sec-WebSocket-Protocol: " + String.join(", ", protocols) + "\r\n";
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: " + address.getAuthority()
                                    + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + offered + "\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            protocol = opened();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String opened() throws IOException {
        String chosen = "";
        String status = line();
        if (!status.startsWith("HTTP/1.1 101 ")) {
            throw new IOException("no web socket: " + status);
        }
        for (String header = line(); !header.isEmpty(); header = line()) {
            if (header.toLowerCase(Locale.ROOT).startsWith("sec-websocket-protocol:")) {
                chosen = header.substring(header.indexOf(':') + 1).strip();
            }
        }
        return chosen;
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.readUnsignedByte(); next != '\n'; next = in.readUnsignedByte()) {
            line.write(next);
        }
        return line.toString(StandardCharsets.US_ASCII).strip();
    }

    /** Sends one short message. */
    void send(String text) {
        send(TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    void sendClose() {
        send(
                CLOSE,
                ByteBuffer.allocate(Short.BYTES)
                        .putShort((short) NORMAL_CLOSURE)
                        .array());
    }

    private void send(int opcode, byte[] payload) {
        if (payload.length >= SHORT_LENGTH) {
            throw new IllegalArgumentException("a message of " + payload.length + " bytes");
        }
        // A mask of zeros leaves the payload as it is.
        ByteBuffer frame = ByteBuffer.allocate(2 + Integer.BYTES + payload.length)
                .put((byte) (FIN | opcode))
                .put((byte) (MASKED | payload.length))
                .putInt(0)
                .put(payload);
        try {
            socket.getOutputStream().write(frame.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next message, "closed" with the code and the reason, or "ended" when the connection ends without a word. */
    String next() {
        try {
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            while (true) {
                int head = in.readUnsignedByte();
                int length = in.readUnsignedByte() & LENGTH;
                if (length >= SHORT_LENGTH) {
                    length = length == SHORT_LENGTH ? in.readUnsignedShort() : Math.toIntExact(in.readLong());
                }
                byte[] payload = in.readNBytes(length);
                int opcode = head & ~FIN;
                if (opcode == CLOSE) {
                    return closed(ByteBuffer.wrap(payload));
                }
                if (opcode == TEXT || opcode == CONTINUATION) {
                    message.write(payload);
                    if ((head & FIN) != 0) {
                        return HttpDuel.masked(message.toString(StandardCharsets.UTF_8));
                    }
                }
            }
        } catch (EOFException | SocketException e) {
            return "ended";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String closed(ByteBuffer payload) {
        return payload.remaining() < Short.BYTES
                ? "closed"
                : "closed " + payload.getShort() + StandardCharsets.UTF_8.decode(payload);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
