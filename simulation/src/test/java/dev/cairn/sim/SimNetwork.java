package dev.cairn.sim;

import dev.cairn.peers.MalformedMessageException;
import dev.cairn.peers.MessageFormat;
import dev.cairn.peers.SnapshotSource;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The network between members. Messages travel as the bytes of the peer protocol, each by itself; they are lost, repeated,
 * overtaken and delayed as the {@link Faults} say, and cut off where links are.
 */
final class SimNetwork {
    /** How bad the network is. Immutable. */
    record Faults(int lossPerMille, int repeatPerMille, int slowPerMille, long slowNanosMax) {
        static final Faults NONE = new Faults(0, 0, 0, 1);
    }

    private record Link(long from, long to) {}

    /** Who receives a member's messages. */
    interface Host {
        /** @return false if nobody is there */
        boolean receive(Message message);

        /** The last message to this member did not arrive. */
        void unreachable(long member);

        /** @return false if nobody takes it */
        boolean receiveSnapshot(Message message, byte[] database);

        /** The snapshot for this member did not arrive. */
        void snapshotLost(long member);

        /** This member has taken the snapshot. */
        void snapshotDelivered(long member);
    }

    private static final long LATENCY_MIN = 100_000;
    private static final long LATENCY_RANGE = 1_500_000;
    private static final long TRANSFER_RANGE = 300_000_000;

    private final SimScheduler scheduler;
    private final TreeMap<Long, Host> hosts = new TreeMap<>();
    private final Set<Link> cut = new HashSet<>();
    private final PlantedBug bug;
    private Faults faults = Faults.NONE;
    private Consumer<Message> listener = message -> {};
    private long lost;
    private int snapshots;

    SimNetwork(SimScheduler scheduler, PlantedBug bug) {
        this.scheduler = scheduler;
        this.bug = bug;
    }

    void join(long member, Host host) {
        hosts.put(member, host);
    }

    void become(Faults newFaults) {
        faults = newFaults;
    }

    /** Nothing gets from the one to the other any more. */
    void cut(long from, long to) {
        cut.add(new Link(from, to));
    }

    void healAll() {
        cut.clear();
    }

    long lost() {
        return lost;
    }

    boolean isCut(long from, long to) {
        return cut.contains(new Link(from, to));
    }

    /** Takes what a member sends. */
    void send(long from, List<Message> messages) {
        for (Message original : messages) {
            for (Message message : bug.onSend(from, original)) {
                transmit(from, message);
            }
        }
    }

    /** Takes a snapshot that a member sends. It arrives whole or not at all, and its sender hears which. */
    void sendSnapshot(long from, SnapshotSource source) {
        Message message = source.message();
        listener.accept(message);
        byte[] encoded = encode(message);
        byte[] database;
        try (InputStream stream = source.open()) {
            database = stream.readAllBytes();
        } catch (IOException e) {
            throw new AssertionError("a snapshot that cannot be read", e);
        }
        long to = message.to();
        boolean loses = chance(20 * faults.lossPerMille());
        scheduler.after(LATENCY_MIN + scheduler.random().nextLong(TRANSFER_RANGE), "snapshot", () -> {
            Host sender = hosts.get(from);
            Host receiver = hosts.get(to);
            boolean delivered = !loses
                    && !isCut(from, to)
                    && receiver != null
                    && receiver.receiveSnapshot(decode(encoded), database);
            source.release(delivered);
            if (delivered) {
                snapshots++;
            } else {
                lost++;
            }
            if (sender != null) {
                later(() -> {
                    if (delivered) {
                        sender.snapshotDelivered(to);
                    } else {
                        sender.snapshotLost(to);
                    }
                });
            }
        });
    }

    /** How many snapshots have arrived. */
    int snapshots() {
        return snapshots;
    }

    /** Who hears of each message that is sent, before it is on its way. */
    void listen(Consumer<Message> newListener) {
        listener = newListener;
    }

    private void transmit(long from, Message message) {
        listener.accept(message);
        long to = message.to();
        boolean loses = chance(faults.lossPerMille());
        if (isCut(from, to) || loses || !hosts.containsKey(to)) {
            lose(from, message);
            return;
        }
        byte[] bytes = encode(message);
        // A forwarded proposal that comes twice is two proposals, to etcd's members as well: connections do not repeat,
        // and
        // nobody sends a proposal again.
        boolean mayRepeat = message.type() != MessageType.PROP;
        int copies = mayRepeat && chance(faults.repeatPerMille()) ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            long delay = LATENCY_MIN + scheduler.random().nextLong(LATENCY_RANGE);
            if (chance(faults.slowPerMille())) {
                delay += scheduler.random().nextLong(faults.slowNanosMax());
            }
            scheduler.after(delay, "deliver", () -> deliver(from, to, bytes));
        }
    }

    private void deliver(long from, long to, byte[] bytes) {
        Message message = decode(bytes);
        Host host = hosts.get(to);
        if (isCut(from, to) || host == null) {
            lose(from, message);
            return;
        }
        for (Message changed : bug.onReceive(to, message)) {
            if (!host.receive(changed)) {
                lose(from, changed);
            }
        }
    }

    /** A sender hears of a lost message later, and not always. */
    private void lose(long from, Message message) {
        lost++;
        Host sender = hosts.get(from);
        if (sender == null) {
            return;
        }
        if (message.type() == MessageType.SNAP) {
            later(() -> sender.snapshotLost(message.to()));
        } else if (chance(300)) {
            later(() -> sender.unreachable(message.to()));
        }
    }

    private void later(Runnable report) {
        scheduler.after(scheduler.random().nextLong(LATENCY_RANGE), "report", report);
    }

    private boolean chance(int perMille) {
        return perMille > 0 && scheduler.random().nextInt(1000) < perMille;
    }

    private static byte[] encode(Message message) {
        ByteBuf buffer = Unpooled.buffer(MessageFormat.sizeOf(message));
        MessageFormat.write(message, buffer);
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        return bytes;
    }

    private static Message decode(byte[] bytes) {
        try {
            return MessageFormat.read(Unpooled.wrappedBuffer(bytes), bytes.length);
        } catch (MalformedMessageException e) {
            throw new AssertionError("a member cannot read what another has sent", e);
        }
    }
}
