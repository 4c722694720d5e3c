import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.HashKVRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.SnapshotRequest;
import dev.cairn.proto.etcdserverpb.SnapshotResponse;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * A store is filled in a real etcd, taken over in place by ours, and given back. Started by the script {@code roundtrip} beside it.
 *
 * <p>At both servers a snapshot is taken while a client puts at a steady rate. The time of a put counts from the moment at which it was due, so
 * that a server which stands still is charged for all that would have been asked of it. Peaks of memory are those of the process and begin anew
 * with each line.
 */
public final class RoundTrip {
    private static final int PUTS_PER_TXN = 100;
    private static final int UNDER_WAY_MAX = 32;
    private static final int DUE_PER_SECOND = 200;
    private static final int QUIET_SECONDS = 10;
    private static final long TICKS_PER_SECOND = 100;
    private static final String QUOTA = "--quota-backend-bytes=" + (16L << 30);

    private RoundTrip() {}

    public static void main(String[] arguments) throws Exception {
        int keys = Integer.parseInt(arguments[0]);
        int valueBytes = Integer.parseInt(arguments[1]);
        String ours = arguments[2];
        String etcd = arguments[3];
        Path directory = Files.createTempDirectory("roundtrip-");
        Path data = directory.resolve("data");
        try {
            System.out.printf("%d keys of %d bytes, every hundredth written twice more%n%n", keys, valueBytes);
            List<String> steps = new ArrayList<>();
            List<String> snapshots = new ArrayList<>();
            long[] revisions;
            int[] hashes;
            try (Server server = new Server(etcd, data)) {
                long began = System.nanoTime();
                long last = fill(server, keys, valueBytes);
                steps.add(step("filled, real etcd", began, server, data));
                revisions = new long[] {last / 2, last - keys / 200, last};
                hashes = hashes(server, revisions);
                snapshots.add(snapshot("etcd", server, directory.resolve("backup")));
            }
            try (Server server = new Server(ours, data)) {
                steps.add(step("taken over, ready to serve", server.began, server, data));
                check(hashes, hashes(server, revisions), "ours");
                snapshots.add(snapshot("ours", server, directory.resolve("backup")));
            }
            long began = System.nanoTime();
            Process export = new ProcessBuilder(
                            Path.of(ours).resolveSibling("etcdutl").toString(), "export", "--data-dir", data.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("export.log").toFile())
                    .start();
            long peak = 0;
            while (!export.waitFor(50, TimeUnit.MILLISECONDS)) {
                peak = Math.max(peak, peakMebibytes(export.pid()));
            }
            if (export.exitValue() != 0) {
                throw new IllegalStateException(Files.readString(directory.resolve("export.log")));
            }
            steps.add(String.format(
                    Locale.ROOT, "| given back | %.1f | %d | %d |", secondsSince(began), peak, mebibytes(data)));
            try (Server server = new Server(etcd, data)) {
                steps.add(step("started, real etcd", server.began, server, data));
                check(hashes, hashes(server, revisions), "etcd");
            }
            System.out.println("| step | s | peak RSS MiB | data MiB, with what is set aside |\n|---|---|---|---|");
            steps.forEach(System.out::println);
            System.out.println("\nHashKV was equal at revisions " + Arrays.toString(revisions) + " of all three.\n");
            System.out.println("| snapshot at | MiB | s | CPU s | peak RSS MiB | put p99, max ms before | put p99, max ms meanwhile |");
            System.out.println("|---|---|---|---|---|---|---|");
            snapshots.forEach(System.out::println);
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
    }

    private static String step(String what, long began, Server server, Path data) throws IOException {
        return String.format(
                Locale.ROOT,
                "| %s | %.1f | %d | %d |",
                what,
                secondsSince(began),
                peakMebibytes(server.process.pid()),
                mebibytes(data));
    }

    /** @return the last revision */
    private static long fill(Server server, int keys, int valueBytes) throws Exception {
        KVGrpc.KVStub kv = KVGrpc.newStub(server.channel);
        SplittableRandom random = new SplittableRandom(1);
        Semaphore room = new Semaphore(UNDER_WAY_MAX);
        AtomicLong last = new AtomicLong();
        for (int step : new int[] {1, 100, 100}) {
            TxnRequest.Builder txn = TxnRequest.newBuilder();
            for (int key = 0; key < keys; key += step) {
                byte[] value = new byte[valueBytes];
                random.nextBytes(value);
                txn.addSuccess(RequestOp.newBuilder()
                        .setRequestPut(PutRequest.newBuilder()
                                .setKey(ByteString.copyFromUtf8(String.format("/registry/things/%09d", key)))
                                .setValue(ByteString.copyFrom(value))));
                if (txn.getSuccessCount() == PUTS_PER_TXN || key + step >= keys) {
                    room.acquire();
                    kv.txn(txn.build(), new Answer<TxnResponse>(answer -> {
                        last.accumulateAndGet(answer.getHeader().getRevision(), Math::max);
                        room.release();
                    }));
                    txn = TxnRequest.newBuilder();
                }
            }
            room.acquire(UNDER_WAY_MAX);
            room.release(UNDER_WAY_MAX);
        }
        return last.get();
    }

    private static int[] hashes(Server server, long[] revisions) {
        int[] hashes = new int[revisions.length];
        for (int i = 0; i < hashes.length; i++) {
            HashKVRequest request =
                    HashKVRequest.newBuilder().setRevision(revisions[i]).build();
            hashes[i] = MaintenanceGrpc.newBlockingStub(server.channel).hashKV(request).getHash();
        }
        return hashes;
    }

    private static void check(int[] expected, int[] found, String who) {
        if (!Arrays.equals(expected, found)) {
            throw new IllegalStateException(who + " has other hashes: " + Arrays.toString(found) + " instead of "
                    + Arrays.toString(expected));
        }
    }

    private static String snapshot(String who, Server server, Path file) throws Exception {
        long pid = server.process.pid();
        Putting quiet = new Putting(server.channel);
        TimeUnit.SECONDS.sleep(QUIET_SECONDS);
        double[] before = quiet.end();
        // Peaks begin anew.
        Files.writeString(Path.of("/proc/" + pid + "/clear_refs"), "5");
        Putting busy = new Putting(server.channel);
        double cpu = cpuSeconds(pid);
        long began = System.nanoTime();
        long bytes = 0;
        Iterator<SnapshotResponse> parts =
                MaintenanceGrpc.newBlockingStub(server.channel).snapshot(SnapshotRequest.getDefaultInstance());
        try (OutputStream out = Files.newOutputStream(file)) {
            while (parts.hasNext()) {
                ByteString blob = parts.next().getBlob();
                blob.writeTo(out);
                bytes += blob.size();
            }
        }
        double seconds = secondsSince(began);
        double[] meanwhile = busy.end();
        String line = String.format(
                Locale.ROOT,
                "| %s | %d | %.1f | %.1f | %d | %.1f, %.0f | %.1f, %.0f |",
                who,
                bytes >> 20,
                seconds,
                cpuSeconds(pid) - cpu,
                peakMebibytes(pid),
                before[0],
                before[1],
                meanwhile[0],
                meanwhile[1]);
        Files.delete(file);
        return line;
    }

    /** Puts that are due at a steady rate. */
    private static final class Putting {
        private final List<Long> nanos = new ArrayList<>();
        private final Thread thread;
        private final CountDownLatch answered = new CountDownLatch(1);
        private volatile boolean ended;

        Putting(ManagedChannel channel) {
            KVGrpc.KVStub kv = KVGrpc.newStub(channel);
            AtomicLong open = new AtomicLong(1);
            thread = new Thread(() -> {
                long due = System.nanoTime();
                for (int i = 0; !ended; i++) {
                    due += TimeUnit.SECONDS.toNanos(1) / DUE_PER_SECOND;
                    while (System.nanoTime() < due) {
                        java.util.concurrent.locks.LockSupport.parkNanos(due - System.nanoTime());
                    }
                    long was = due;
                    open.incrementAndGet();
                    PutRequest put = PutRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8("load/" + i % 1000))
                            .setValue(ByteString.copyFromUtf8("value " + i))
                            .build();
                    kv.put(put, new Answer<PutResponse>(answer -> {
                        synchronized (nanos) {
                            nanos.add(System.nanoTime() - was);
                        }
                        if (open.decrementAndGet() == 0) {
                            answered.countDown();
                        }
                    }));
                }
                if (open.decrementAndGet() == 0) {
                    answered.countDown();
                }
            });
            thread.start();
        }

        /** @return the 99th percentile and the longest, in milliseconds */
        double[] end() throws Exception {
            ended = true;
            thread.join();
            answered.await();
            synchronized (nanos) {
                long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
                return new double[] {sorted[sorted.length * 99 / 100] / 1e6, sorted[sorted.length - 1] / 1e6};
            }
        }
    }

    private record Answer<T>(java.util.function.Consumer<T> then) implements StreamObserver<T> {
        @Override
        public void onNext(T answer) {
            then.accept(answer);
        }

        @Override
        public void onError(Throwable failure) {
            failure.printStackTrace();
            Runtime.getRuntime().halt(1);
        }

        @Override
        public void onCompleted() {
            // onNext has counted it.
        }
    }

    /** A server on a data directory, ready to serve; ended as an operator ends it. */
    private static final class Server implements AutoCloseable {
        final long began = System.nanoTime();
        final Process process;
        final ManagedChannel channel;

        Server(String binary, Path data) throws Exception {
            int[] ports = freePorts(2);
            String client = "127.0.0.1:" + ports[0];
            String peer = "http://127.0.0.1:" + ports[1];
            process = new ProcessBuilder(
                            binary,
                            "--data-dir=" + data,
                            "--listen-client-urls=http://" + client,
                            "--advertise-client-urls=http://" + client,
                            "--listen-peer-urls=" + peer,
                            "--initial-advertise-peer-urls=" + peer,
                            "--initial-cluster=default=" + peer,
                            QUOTA)
                    .redirectErrorStream(true)
                    .start();
            awaitReady();
            channel = NettyChannelBuilder.forTarget(client)
                    .usePlaintext()
                    .maxInboundMessageSize(64 << 20)
                    .build();
            MaintenanceGrpc.newBlockingStub(channel).status(StatusRequest.getDefaultInstance());
        }

        private void awaitReady() throws IOException {
            BufferedReader log = new BufferedReader(new InputStreamReader(process.getInputStream()));
            List<String> said = new ArrayList<>();
            for (String line = log.readLine(); line != null; line = log.readLine()) {
                if (line.contains("ready to serve client requests")) {
                    Thread drain = new Thread(() -> drain(log));
                    drain.setDaemon(true);
                    drain.start();
                    return;
                }
                said.add(line);
            }
            throw new IllegalStateException(
                    "the server ended before it was ready: " + said.subList(Math.max(0, said.size() - 5), said.size()));
        }

        private static void drain(BufferedReader log) {
            try {
                while (log.readLine() != null) {
                    // A server whose log nobody reads stands still.
                }
            } catch (IOException e) {
                // It has ended.
            }
        }

        @Override
        public void close() throws InterruptedException {
            channel.shutdownNow();
            process.destroy();
            process.waitFor();
        }
    }

    private static double cpuSeconds(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / (double) TICKS_PER_SECOND;
    }

    /** Zero when the process has ended. */
    private static long peakMebibytes(long pid) throws IOException {
        Path status = Path.of("/proc/" + pid + "/status");
        try {
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith("VmHWM:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
                }
            }
        } catch (IOException e) {
            return 0;
        }
        return 0;
    }

    private static long mebibytes(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.map(Path::toFile).filter(File::isFile).mapToLong(File::length).sum() >> 20;
        }
    }

    private static double secondsSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e9;
    }

    /** Different ones: one that is let go may be the next that is found. */
    private static int[] freePorts(int count) throws IOException {
        int[] ports = new int[count];
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                held.add(socket);
                ports[i] = socket.getLocalPort();
            }
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
        return ports;
    }
}
