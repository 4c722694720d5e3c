import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * A life of many leases at one server after the other: granted, every tenth with a key, renewed round by round, left alone until all
 * are gone. Started by the script {@code leases} beside it.
 *
 * <p>The lag of a revocation is the time from the moment at which the last lease may have run out until no key is left and the last
 * lease is unknown.
 */
public final class Leases {
    private static final int UNDER_WAY_MAX = 1000;
    private static final int KEY_EVERY = 10;
    private static final int STREAMS = 8;
    private static final long TICKS_PER_SECOND = 100;

    private Leases() {}

    public static void main(String[] arguments) throws Exception {
        int leases = Integer.parseInt(arguments[0]);
        long ttl = Long.parseLong(arguments[1]);
        long keepSeconds = Long.parseLong(arguments[2]);
        System.out.printf("%d leases, TTL %d s, renewed for %d s, a key for every %dth%n", leases, ttl, keepSeconds, KEY_EVERY);
        System.out.println("| server | grants/s | renewals/s | CPU s grant | CPU s renew | CPU s idle+revoke | RSS MiB granted | RSS MiB end"
                + " | all gone after s | revocations/s |");
        System.out.println("|---|---|---|---|---|---|---|---|---|---|");
        for (int i = 3; i < arguments.length; i++) {
            run(arguments[i], leases, ttl, keepSeconds);
        }
    }

    private static void run(String binary, int leases, long ttl, long keepSeconds) throws Exception {
        Path directory = Files.createTempDirectory("leases-");
        String client = "127.0.0.1:" + freePort();
        String peer = "http://127.0.0.1:" + freePort();
        Process process = new ProcessBuilder(
                        binary,
                        "--data-dir=" + directory.resolve("data"),
                        "--listen-client-urls=http://" + client,
                        "--advertise-client-urls=http://" + client,
                        "--listen-peer-urls=" + peer,
                        "--initial-advertise-peer-urls=" + peer,
                        "--initial-cluster=default=" + peer)
                .redirectErrorStream(true)
                .start();
        try {
            awaitReady(process);
            ManagedChannel channel =
                    NettyChannelBuilder.forTarget(client).usePlaintext().build();
            try {
                live(binary, process.pid(), channel, leases, ttl, keepSeconds);
            } finally {
                channel.shutdownNow();
            }
        } finally {
            process.destroyForcibly().waitFor();
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
    }

    private static void live(
            String binary, long pid, ManagedChannel channel, int leases, long ttl, long keepSeconds)
            throws Exception {
        LeaseGrpc.LeaseStub lease = LeaseGrpc.newStub(channel);
        KVGrpc.KVStub kv = KVGrpc.newStub(channel);
        double cpuAtStart = cpuSeconds(pid);
        long began = System.nanoTime();
        Semaphore room = new Semaphore(UNDER_WAY_MAX);
        for (int id = 1; id <= leases; id++) {
            room.acquire();
            lease.leaseGrant(
                    LeaseGrantRequest.newBuilder().setID(id).setTTL(ttl).build(),
                    new Answer<LeaseGrantResponse>(room));
        }
        room.acquire(UNDER_WAY_MAX);
        double grantSeconds = secondsSince(began);
        room.release(UNDER_WAY_MAX);
        for (int id = KEY_EVERY; id <= leases; id += KEY_EVERY) {
            room.acquire();
            ByteString key = ByteString.copyFromUtf8("lease/" + id);
            kv.put(PutRequest.newBuilder().setKey(key).setLease(id).build(), new Answer<PutResponse>(room));
        }
        room.acquire(UNDER_WAY_MAX);
        double cpuGranted = cpuSeconds(pid);
        long rssGranted = rssMebibytes(pid);

        began = System.nanoTime();
        long renewals = renew(lease, leases, keepSeconds);
        long renewedAt = System.nanoTime();
        double renewSeconds = secondsSince(began);
        double cpuRenewed = cpuSeconds(pid);

        // What was renewed last runs out last.
        long deadline = renewedAt + TimeUnit.SECONDS.toNanos(ttl);
        KVGrpc.KVBlockingStub look = KVGrpc.newBlockingStub(channel);
        LeaseGrpc.LeaseBlockingStub ask = LeaseGrpc.newBlockingStub(channel);
        RangeRequest anyKey = RangeRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("lease/"))
                .setRangeEnd(ByteString.copyFromUtf8("lease0"))
                .setLimit(1)
                .setKeysOnly(true)
                .build();
        long firstGone = 0;
        while (true) {
            Thread.sleep(200);
            long keys = look.range(anyKey).getCount();
            if (firstGone == 0 && keys < leases / KEY_EVERY) {
                firstGone = System.nanoTime();
            }
            if (keys == 0 && isGone(ask, leases) && isGone(ask, 1) && ask.leaseLeases(all()).getLeasesCount() == 0) {
                break;
            }
        }
        double lag = (System.nanoTime() - deadline) / 1e9;
        System.out.printf(
                Locale.ROOT,
                "| %s | %.0f | %.0f | %.1f | %.1f | %.1f | %d | %d | %.1f | %.0f |%n",
                binary,
                leases / grantSeconds,
                renewals / renewSeconds,
                cpuGranted - cpuAtStart,
                cpuRenewed - cpuGranted,
                cpuSeconds(pid) - cpuRenewed,
                rssGranted,
                rssMebibytes(pid),
                lag,
                leases / secondsSince(firstGone));
    }

    private static dev.cairn.proto.etcdserverpb.LeaseLeasesRequest all() {
        return dev.cairn.proto.etcdserverpb.LeaseLeasesRequest.getDefaultInstance();
    }

    private static boolean isGone(LeaseGrpc.LeaseBlockingStub ask, long id) {
        return ask.leaseTimeToLive(LeaseTimeToLiveRequest.newBuilder().setID(id).build())
                        .getTTL()
                < 0;
    }

    /** Renews all leases again and again, each stream its share, until the time is over; the last round is finished. */
    private static long renew(LeaseGrpc.LeaseStub lease, int leases, long seconds) throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        AtomicLong renewals = new AtomicLong();
        CountDownLatch done = new CountDownLatch(STREAMS);
        List<Thread> threads = new ArrayList<>();
        for (int s = 0; s < STREAMS; s++) {
            int first = s + 1;
            Thread thread = new Thread(() -> {
                Semaphore room = new Semaphore(UNDER_WAY_MAX / STREAMS);
                StreamObserver<LeaseKeepAliveRequest> out =
                        lease.leaseKeepAlive(new StreamObserver<LeaseKeepAliveResponse>() {
                            @Override
                            public void onNext(LeaseKeepAliveResponse answer) {
                                if (answer.getTTL() <= 0) {
                                    throw new IllegalStateException("lease " + answer.getID() + " is gone too early");
                                }
                                renewals.incrementAndGet();
                                room.release();
                            }

                            @Override
                            public void onError(Throwable failure) {
                                fail(failure);
                            }

                            @Override
                            public void onCompleted() {
                                done.countDown();
                            }
                        });
                do {
                    for (int id = first; id <= leases; id += STREAMS) {
                        room.acquireUninterruptibly();
                        out.onNext(LeaseKeepAliveRequest.newBuilder().setID(id).build());
                    }
                } while (System.nanoTime() < until);
                room.acquireUninterruptibly(UNDER_WAY_MAX / STREAMS);
                out.onCompleted();
            });
            thread.start();
            threads.add(thread);
        }
        done.await();
        return renewals.get();
    }

    private record Answer<T>(Semaphore room) implements StreamObserver<T> {
        @Override
        public void onNext(T answer) {
            room.release();
        }

        @Override
        public void onError(Throwable failure) {
            fail(failure);
        }

        @Override
        public void onCompleted() {
            // onNext has counted it.
        }
    }

    private static void fail(Throwable failure) {
        failure.printStackTrace();
        Runtime.getRuntime().halt(1);
    }

    private static void awaitReady(Process process) throws Exception {
        BufferedReader log = new BufferedReader(new InputStreamReader(process.getInputStream()));
        for (String line = log.readLine(); line != null; line = log.readLine()) {
            if (line.contains("ready to serve client requests")) {
                Thread drain = new Thread(() -> log.lines().forEach(rest -> {}));
                drain.setDaemon(true);
                drain.start();
                return;
            }
        }
        throw new IllegalStateException("the server ended before it was ready");
    }

    private static double cpuSeconds(long pid) throws Exception {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / (double) TICKS_PER_SECOND;
    }

    private static long rssMebibytes(long pid) throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
            }
        }
        throw new IllegalStateException("no such process: " + pid);
    }

    private static double secondsSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e9;
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
