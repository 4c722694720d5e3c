package dev.cairn.it.process;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Machines of one network, made of Linux's network namespaces: each has an address of its own behind a bridge, so that the ways between any two of
 * them can be cut, each direction by itself and without a word to either end, or made slow. The test itself stands on the bridge and reaches
 * all of them always. Needs root and {@code ip}; confined to one thread.
 *
 * <p>A way is cut by telling the sender a wrong hardware address: what it sends is lost. It is slow by a narrow queue; where the
 * kernel can delay packets one by one ({@code netem}), by that.
 */
public final class Network implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int BRIDGE = 254;

    /** Half of what the load of a test needs; at most half a second waits, the rest is lost. */
    private static final String NARROW = "200kbit";

    private static final String NARROW_QUEUE_BYTES = "12000";
    private static final String WIDE = "10gbit";
    private static final String WIDE_QUEUE_BYTES = "1000000";

    private final String id;
    private final String subnet;
    private final int machines;
    private final List<String> namespaces = new ArrayList<>();
    private boolean bridged;
    private boolean delays;

    private Network(int machines) {
        // Addresses that are set aside for tests of networks.
        int number = ThreadLocalRandom.current().nextInt(256);
        this.id = "cairn" + number;
        this.subnet = "198.18." + number + ".";
        this.machines = machines;
    }

    /** The reason why this machine cannot have such a network; null if it can. */
    public static @Nullable String missing() {
        try {
            new Network(1).open().close();
            return null;
        } catch (AssertionError | java.io.UncheckedIOException e) {
            return "network namespaces need Linux, root, and the programs ip and tc: " + e.getMessage();
        }
    }

    /** A network whose machines all reach each other. */
    public static Network of(int machines) {
        return new Network(machines).open();
    }

    private Network open() {
        try {
            run("ip link add " + id + " type bridge");
            bridged = true;
            run("ip addr add " + subnet + BRIDGE + "/24 dev " + id);
            run("ip link set " + id + " up");
            for (int i = 0; i < machines; i++) {
                addMachine(i);
            }
            for (int from = 0; from < machines; from++) {
                for (int to = 0; to < machines; to++) {
                    if (from != to) {
                        prepareWay(from, to);
                    }
                }
            }
            return this;
        } catch (AssertionError | java.io.UncheckedIOException e) {
            close();
            throw e;
        }
    }

    private void addMachine(int machine) {
        String namespace = id + "-" + machine;
        run("ip netns add " + namespace);
        namespaces.add(namespace);
        run("ip link add " + id + "v" + machine + " type veth peer name eth0 netns " + namespace);
        run("ip link set " + id + "v" + machine + " master " + id + " up");
        run("ip -n " + namespace + " link set eth0 address " + hardware(machine));
        run("ip -n " + namespace + " addr add " + host(machine) + "/24 dev eth0");
        run("ip -n " + namespace + " link set eth0 up");
        run("ip -n " + namespace + " link set lo up");
        run("tc -n " + namespace + " qdisc add dev eth0 root handle 1: htb default 10");
        run("tc -n " + namespace + " class add dev eth0 parent 1: classid 1:10 htb rate " + WIDE);
        run("tc -n " + namespace + " class add dev eth0 parent 1: classid 1:20 htb rate " + WIDE);
        delays = Command.run(
                                List.of(("tc -n " + namespace
                                                + " qdisc add dev eth0 parent 1:20 handle 20: netem delay 0ms")
                                        .split(" ")),
                                LIMIT)
                        .exit()
                == 0;
        if (!delays) {
            run("tc -n " + namespace + " qdisc add dev eth0 parent 1:20 handle 20: bfifo limit " + WIDE_QUEUE_BYTES);
        }
    }

    private void prepareWay(int from, int to) {
        // Only what goes to the others may become slow, not what goes to the test.
        run("tc -n " + namespaces.get(from) + " filter add dev eth0 parent 1: protocol ip u32 match ip dst " + host(to)
                + "/32 flowid 1:20");
        join(from, to);
    }

    /** The address of a machine. */
    public String host(int machine) {
        return subnet + (machine + 1);
    }

    /** What goes in front of a command that is to run on this machine, in the same process. */
    List<String> launcher(int machine) {
        return List.of("ip", "netns", "exec", namespaces.get(machine));
    }

    /** Has everything vanish that goes from one to the other; the way back stays. */
    public void cut(int from, int to) {
        sendTo(from, to, "02:00:00:00:00:00");
    }

    /** Ends {@link #cut}. */
    public void join(int from, int to) {
        sendTo(from, to, hardware(to));
    }

    private void sendTo(int from, int to, String hardware) {
        run("ip -n " + namespaces.get(from) + " neigh replace " + host(to) + " lladdr " + hardware
                + " dev eth0 nud permanent");
    }

    /** Has everything that a machine sends to the others come late. */
    public void slow(int machine) {
        String namespace = namespaces.get(machine);
        if (delays) {
            run("tc -n " + namespace + " qdisc change dev eth0 parent 1:20 handle 20: netem delay 150ms 100ms");
        } else {
            run("tc -n " + namespace + " qdisc change dev eth0 parent 1:20 handle 20: bfifo limit "
                    + NARROW_QUEUE_BYTES);
            run("tc -n " + namespace + " class change dev eth0 parent 1: classid 1:20 htb rate " + NARROW);
        }
    }

    /** Joins all ways again, and none is slow. */
    public void heal() {
        for (int from = 0; from < machines; from++) {
            String namespace = namespaces.get(from);
            if (delays) {
                run("tc -n " + namespace + " qdisc change dev eth0 parent 1:20 handle 20: netem delay 0ms");
            } else {
                run("tc -n " + namespace + " class change dev eth0 parent 1: classid 1:20 htb rate " + WIDE);
                run("tc -n " + namespace + " qdisc change dev eth0 parent 1:20 handle 20: bfifo limit "
                        + WIDE_QUEUE_BYTES);
            }
            for (int to = 0; to < machines; to++) {
                if (from != to) {
                    join(from, to);
                }
            }
        }
    }

    private static String hardware(int machine) {
        return "02:ca:00:00:00:0" + (machine + 1);
    }

    private static void run(String command) {
        Command.run(List.of(command.split(" ")), LIMIT).success();
    }

    /** The network goes, with what could not be made of it. Processes should have ended before. */
    @Override
    public void close() {
        namespaces.forEach(namespace -> Command.run(List.of("ip", "netns", "del", namespace), LIMIT));
        for (int i = 0; i < namespaces.size(); i++) {
            // Where the namespace outlives its name for a while.
            Command.run(List.of("ip", "link", "del", id + "v" + i), LIMIT);
        }
        if (bridged) {
            Command.run(List.of("ip", "link", "del", id), LIMIT);
        }
    }
}
