package dev.cairn.testing.dns;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A name server with the few records that a test gives it; it knows nothing else, and says so. Answers over UDP on a thread of its own
 * until it is closed. Thread-safe. Names are given without the dot at their end.
 */
public final class NameServer implements AutoCloseable {
    private static final int A = 1;
    private static final int PTR = 12;
    private static final int SRV = 33;
    private static final int NO_SUCH_NAME = 3;

    private record Key(String name, int type) {}

    private final Map<Key, List<byte[]>> records = new ConcurrentHashMap<>();
    private final Set<String> names = ConcurrentHashMap.newKeySet();
    private final DatagramSocket socket;

    /** @throws IOException when the address is taken, or its port needs rights that the process has not */
    public NameServer(InetSocketAddress address) throws IOException {
        socket = new DatagramSocket(address);
        Thread thread = new Thread(this::serve, "name-server");
        thread.setDaemon(true);
        thread.start();
    }

    public int port() {
        return socket.getLocalPort();
    }

    /** A host and its address of version 4. */
    public NameServer host(String name, String address) {
        return add(name, A, out -> {
            for (String part : address.split("\\.", -1)) {
                out.writeByte(Integer.parseInt(part));
            }
        });
    }

    /** The name of an address of version 4. */
    public NameServer reverse(String address, String name) {
        String[] parts = address.split("\\.", -1);
        return add(
                parts[3] + "." + parts[2] + "." + parts[1] + "." + parts[0] + ".in-addr.arpa",
                PTR,
                out -> writeName(out, name));
    }

    /** One place of a service, such as {@code _etcd-server._tcp.example.com}. */
    public NameServer service(String name, int priority, int weight, int port, String target) {
        return add(name, SRV, out -> {
            out.writeShort(priority);
            out.writeShort(weight);
            out.writeShort(port);
            writeName(out, target);
        });
    }

    private interface Content {
        void write(DataOutputStream out) throws IOException;
    }

    private NameServer add(String name, int type, Content content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            content.write(new DataOutputStream(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String lower = name.toLowerCase(Locale.ROOT);
        records.computeIfAbsent(new Key(lower, type), key -> new CopyOnWriteArrayList<>())
                .add(bytes.toByteArray());
        names.add(lower);
        return this;
    }

    private static void writeName(DataOutputStream out, String name) throws IOException {
        for (String label : name.split("\\.", -1)) {
            byte[] bytes = label.getBytes(StandardCharsets.US_ASCII);
            out.writeByte(bytes.length);
            out.write(bytes);
        }
        out.writeByte(0);
    }

    private void serve() {
        byte[] block = new byte[2048];
        while (!socket.isClosed()) {
            DatagramPacket packet = new DatagramPacket(block, block.length);
            try {
                socket.receive(packet);
                byte[] answer = answer(ByteBuffer.wrap(block, 0, packet.getLength()));
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            } catch (IOException | RuntimeException e) {
                // Closed, or a question that is none.
            }
        }
    }

    private byte[] answer(ByteBuffer query) throws IOException {
        short id = query.getShort();
        query.position(12);
        List<String> labels = new ArrayList<>();
        for (int length = query.get(); length > 0; length = query.get()) {
            byte[] label = new byte[length];
            query.get(label);
            labels.add(new String(label, StandardCharsets.US_ASCII));
        }
        String name = String.join(".", labels);
        int type = query.getShort();
        String lower = name.toLowerCase(Locale.ROOT);
        List<byte[]> found = records.getOrDefault(new Key(lower, type), List.of());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeShort(id);
        // An answer with authority, recursion asked for and available.
        out.writeShort(0x8580 | (names.contains(lower) ? 0 : NO_SUCH_NAME));
        out.writeShort(1);
        out.writeShort(found.size());
        out.writeInt(0);
        writeName(out, name);
        out.writeShort(type);
        out.writeShort(1);
        for (byte[] content : found) {
            // The name of the question again.
            out.writeShort(0xc00c);
            out.writeShort(type);
            out.writeShort(1);
            out.writeInt(0);
            out.writeShort(content.length);
            out.write(content);
        }
        return bytes.toByteArray();
    }

    @Override
    public void close() {
        socket.close();
    }
}
