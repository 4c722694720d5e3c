import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.StatusResponse;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.File;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Three members of our server beside three of real etcd, in turn and in pairs: puts with few and many clients, the time without a
 * leader after one was killed, and how long a member takes to catch up with what it missed. Started by the script {@code cluster}
 * beside it.
 *
 * <p>A fail-over is timed from the kill to the first put that any of the others acknowledges to a client which sends one every few
 * milliseconds. Catching up is timed from the exec of the member to the moment at which it has applied what the leader had when it was
 * started.
 */
public final class Cluster {
    private static final int MEMBERS = 3;
    private static final int[] CLIENTS = {1, 100, 1000};
    private static final long TICKS_PER_SECOND = 100;
    private static final long LIMIT_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final Pattern RATE = Pattern.compile("Requests/sec:\\s+([0-9.]+)");
    private static final Pattern QUANTILE = Pattern.compile("([0-9.]+)% in ([0-9.]+) secs");

    private Cluster() {}

    public static void main(String[] arguments) throws Exception {
        int pairs = Integer.parseInt(arguments[0]);
        int puts = Integer.parseInt(arguments[1]);
        int failovers = Integer.parseInt(arguments[2]);
        int missed = Integer.parseInt(arguments[3]);
        String benchmark = arguments[4];
        Map<String, String> servers = new LinkedHashMap<>();
        servers.put("ours", arguments[5]);
        servers.put("etcd", arguments[6]);

        Map<String, Map<String, List<Double>>> figures = new LinkedHashMap<>();
        for (int pair = 0; pair < pairs; pair++) {
            List<String> order = new ArrayList<>(servers.keySet());
            if (pair % 2 == 1) {
                // Who goes first alternates.
                order = order.reversed();
            }
            for (String name : order) {
                System.err.printf("pair %d of %d: %s%n", pair + 1, pairs, name);
                try (Group group = new Group(servers.get(name))) {
                    Figures into = (figure, value) -> figures.computeIfAbsent(figure, key -> new LinkedHashMap<>())
                            .computeIfAbsent(name, key -> new ArrayList<>())
                            .add(value);
                    puts(group, benchmark, puts, into);
                    catchUp(group, benchmark, missed, into);
                    for (int i = 0; i < failovers / pairs; i++) {
                        into.add("fail-over, ms", failOver(group));
                    }
                }
            }
        }

        System.out.printf(
                "%d pairs, %d puts with 100 and 1000 clients, %d fail-overs, %d missed puts, %d CPUs%n%n",
                pairs, puts, failovers, missed, Runtime.getRuntime().availableProcessors());
        System.out.println("| figure | ours | etcd | ours / etcd |\n| --- | ---: | ---: | ---: |");
        figures.forEach((figure, values) -> {
            double ours = quantile(values.get("ours"), 0.5);
            double etcd = quantile(values.get("etcd"), 0.5);
            System.out.printf(Locale.ROOT, "| %s | %,.2f | %,.2f | %.2f |%n", figure, ours, etcd, ours / etcd);
        });
        System.out.println();
        servers.keySet()
                .forEach(name -> System.out.printf(
                        "fail-overs, %s, ms: %s%n",
                        name,
                        figures.get("fail-over, ms").get(name).stream()
                                .sorted()
                                .map(each -> String.format(Locale.ROOT, "%.0f", each))
                                .collect(Collectors.joining(" "))));
    }

    private interface Figures {
        void add(String figure, double value);
    }

    private static void puts(Group group, String benchmark, int puts, Figures into) throws Exception {
        load(group, benchmark, 100, puts / 2);
        for (int clients : CLIENTS) {
            int total = clients == 1 ? Math.max(1000, puts / 20) : puts;
            double cpu = group.cpuSeconds();
            String report = load(group, benchmark, clients, total);
            double used = group.cpuSeconds() - cpu;
            String what = "put, " + clients + (clients == 1 ? " client, " : " clients, ");
            Matcher rate = RATE.matcher(report);
            if (!rate.find()) {
                throw new IllegalStateException(report);
            }
            into.add(what + "per s", Double.parseDouble(rate.group(1)));
            Matcher quantile = QUANTILE.matcher(report);
            while (quantile.find()) {
                if (List.of("50", "99", "99.9").contains(quantile.group(1))) {
                    into.add(what + "p" + quantile.group(1) + " ms", Double.parseDouble(quantile.group(2)) * 1000);
                }
            }
            into.add(what + "CPU s of all members per 100k", used * 100_000 / total);
        }
    }

    private static String load(Group group, String benchmark, int clients, int total) throws Exception {
        Process process = new ProcessBuilder(
                        benchmark,
                        "--endpoints=" + group.endpoints(),
                        "--conns=" + Math.min(clients, 100),
                        "--clients=" + clients,
                        "put",
                        "--total=" + total,
                        "--key-size=16",
                        "--val-size=256",
                        "--key-space-size=100000")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String report = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IllegalStateException("the load generator failed: " + report);
        }
        return report;
    }

    private static void catchUp(Group group, String benchmark, int missed, Figures into) throws Exception {
        Member leader = group.leader();
        Member follower = group.members.stream().filter(each -> each != leader).findFirst().orElseThrow();
        follower.stop();
        Process process = new ProcessBuilder(
                        benchmark,
                        "--endpoints=" + leader.target(),
                        "--conns=20",
                        "--clients=200",
                        "put",
                        "--total=" + missed,
                        "--key-size=16",
                        "--val-size=256",
                        "--key-space-size=100000")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.waitFor() != 0) {
            throw new IllegalStateException("the load generator failed");
        }
        long wanted = leader.status().getRaftIndex();
        long began = System.nanoTime();
        follower.start();
        await(() -> {
            try {
                return follower.status().getRaftAppliedIndex() >= wanted;
            } catch (StatusRuntimeException notYet) {
                return false;
            }
        });
        into.add("catching up, s", (System.nanoTime() - began) / 1e9);
    }

    /** Milliseconds from the kill of the leader to the next acknowledged put; afterwards all members are there again. */
    private static double failOver(Group group) throws Exception {
        Member leader = group.leader();
        List<Member> others =
                group.members.stream().filter(each -> each != leader).toList();
        AtomicLong acknowledged = new AtomicLong();
        long killed = System.nanoTime();
        leader.kill();
        List<Thread> writers = new ArrayList<>();
        for (Member member : others) {
            Thread writer = new Thread(() -> {
                while (acknowledged.get() == 0) {
                    try {
                        KVGrpc.newBlockingStub(member.channel)
                                .withDeadlineAfter(200, TimeUnit.MILLISECONDS)
                                .put(PutRequest.newBuilder()
                                        .setKey(ByteString.copyFromUtf8("fail-over"))
                                        .build());
                        acknowledged.compareAndSet(0, System.nanoTime());
                    } catch (StatusRuntimeException noLeader) {
                        pause(5);
                    }
                }
            });
            writer.start();
            writers.add(writer);
        }
        for (Thread writer : writers) {
            writer.join();
        }
        leader.start();
        group.awaitAll();
        return (acknowledged.get() - killed) / 1e6;
    }

    private static double quantile(List<Double> values, double q) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[Math.min(sorted.length - 1, (int) (q * sorted.length))];
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        long began = System.nanoTime();
        while (!condition.holds()) {
            if (System.nanoTime() - began > LIMIT_NANOS) {
                throw new IllegalStateException("waited in vain");
            }
            pause(5);
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Three members that know each other. */
    private static final class Group implements AutoCloseable {
        final List<Member> members = new ArrayList<>();
        private final Path directory = Files.createTempDirectory("cluster-");

        Group(String binary) throws Exception {
            int[] ports = freePorts(2 * MEMBERS);
            String cluster = Stream.iterate(0, i -> i < MEMBERS, i -> i + 1)
                    .map(i -> "m" + i + "=http://127.0.0.1:" + ports[MEMBERS + i])
                    .collect(Collectors.joining(","));
            for (int i = 0; i < MEMBERS; i++) {
                members.add(new Member(binary, "m" + i, directory, ports[i], ports[MEMBERS + i], cluster));
            }
            for (Member member : members) {
                member.start();
            }
            awaitAll();
        }

        String endpoints() {
            return members.stream().map(Member::target).collect(Collectors.joining(","));
        }

        double cpuSeconds() throws Exception {
            double sum = 0;
            for (Member member : members) {
                sum += member.cpuSeconds();
            }
            return sum;
        }

        Member leader() throws Exception {
            StatusResponse status = members.get(0).status();
            for (Member member : members) {
                if (member.status().getHeader().getMemberId() == status.getLeader()) {
                    return member;
                }
            }
            throw new IllegalStateException("no leader");
        }

        /** Until every member knows the same leader and has applied what that one has. */
        void awaitAll() throws Exception {
            await(() -> {
                try {
                    long leader = members.get(0).status().getLeader();
                    long applied = Long.MAX_VALUE;
                    long written = 0;
                    for (Member member : members) {
                        StatusResponse status = member.status();
                        if (leader == 0 || status.getLeader() != leader) {
                            return false;
                        }
                        applied = Math.min(applied, status.getRaftAppliedIndex());
                        written = Math.max(written, status.getRaftIndex());
                    }
                    return applied >= written;
                } catch (StatusRuntimeException notYet) {
                    return false;
                }
            });
        }

        @Override
        public void close() throws Exception {
            for (Member member : members) {
                member.kill();
                member.channel.shutdownNow();
            }
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
    }

    private static final class Member {
        final ManagedChannel channel;
        private final List<String> command;
        private final int port;
        private final Path log;
        private Process process;

        Member(String binary, String name, Path directory, int port, int peerPort, String cluster) {
            this.port = port;
            this.log = directory.resolve(name + ".log");
            String peer = "http://127.0.0.1:" + peerPort;
            command = Arrays.asList(
                    binary,
                    "--name=" + name,
                    "--data-dir=" + directory.resolve(name),
                    "--listen-client-urls=http://" + target(),
                    "--advertise-client-urls=http://" + target(),
                    "--listen-peer-urls=" + peer,
                    "--initial-advertise-peer-urls=" + peer,
                    "--initial-cluster=" + cluster,
                    "--log-level=warn");
            channel = NettyChannelBuilder.forTarget(target()).usePlaintext().build();
        }

        String target() {
            return "127.0.0.1:" + port;
        }

        void start() throws Exception {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            channel.resetConnectBackoff();
        }

        void stop() throws Exception {
            process.destroy();
            process.waitFor();
        }

        void kill() throws Exception {
            process.destroyForcibly().waitFor();
        }

        StatusResponse status() throws Exception {
            if (!process.isAlive()) {
                List<String> lines = Files.readAllLines(log);
                throw new IllegalStateException(
                        "a member has ended: " + lines.subList(Math.max(0, lines.size() - 5), lines.size()));
            }
            channel.resetConnectBackoff();
            return MaintenanceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(2, TimeUnit.SECONDS)
                    .status(StatusRequest.getDefaultInstance());
        }

        double cpuSeconds() throws Exception {
            String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / (double) TICKS_PER_SECOND;
        }
    }

    private static int[] freePorts(int count) throws Exception {
        List<ServerSocket> sockets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
        }
        int[] ports = sockets.stream().mapToInt(ServerSocket::getLocalPort).toArray();
        for (ServerSocket socket : sockets) {
            socket.close();
        }
        return ports;
    }
}
