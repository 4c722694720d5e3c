package dev.cairn.server.systemd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Thread-safe. The systemd journal, spoken to in its own protocol: one datagram holds the fields of one entry.
 *
 * <p>A field is {@code NAME=value} and a line feed; a value that holds a line feed itself is written as the name, a line feed, the length
 * as eight bytes from the lowest, the value and a line feed.
 */
public final class Journal implements AutoCloseable {
    /** Where the journal listens. */
    public static final Path SOCKET = Path.of("/run/systemd/journal/socket");

    private final UnixDatagrams datagrams;
    private final String identifier;

    private Journal(UnixDatagrams datagrams, String identifier) {
        this.datagrams = datagrams;
        this.identifier = identifier;
    }

    /** The severities of syslog that a log line can have. */
    public enum Priority {
        CRITICAL(2),
        ERROR(3),
        WARNING(4),
        INFO(6),
        DEBUG(7);

        private final int number;

        Priority(int number) {
            this.number = number;
        }
    }

    /**
     * @param identifier the program's name in the journal
     * @throws IOException when there is no journal, with etcd's words
     */
    public static Journal open(Path socket, String identifier) throws IOException {
        String reason = null;
        if (!Files.exists(socket)) {
            reason = "no such file or directory";
        } else {
            try {
                return new Journal(new UnixDatagrams(socket.toString()), identifier);
            } catch (IOException e) {
                reason = e.getMessage();
            }
        }
        throw new IOException("can't find journal (dial unixgram " + socket + ": connect: " + reason + ")");
    }

    /**
     * Writes one entry.
     *
     * @param origin the part of the program that speaks, as the journal's field {@code PACKAGE}
     * @throws IOException when the journal does not take it, for example because it is too large
     */
    public void send(Priority priority, String origin, String message) throws IOException {
        ByteArrayOutputStream entry = new ByteArrayOutputStream(message.length() + 128);
        field(entry, "PRIORITY", Integer.toString(priority.number));
        field(entry, "PACKAGE", origin);
        field(entry, "SYSLOG_IDENTIFIER", identifier);
        field(entry, "MESSAGE", message);
        datagrams.send(entry.toByteArray());
    }

    private static void field(ByteArrayOutputStream entry, String name, String value) {
        entry.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        if (value.indexOf('\n') < 0) {
            entry.write('=');
        } else {
            entry.write('\n');
            entry.writeBytes(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(bytes.length)
                    .array());
        }
        entry.writeBytes(bytes);
        entry.write('\n');
    }

    @Override
    public void close() throws IOException {
        datagrams.close();
    }
}
