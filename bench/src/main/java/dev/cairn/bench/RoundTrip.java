package dev.cairn.bench;

import com.google.protobuf.ByteString;
import dev.cairn.bench.load.Drained;
import dev.cairn.bench.load.Filling;
import dev.cairn.bench.load.OpenLoop;
import dev.cairn.bench.load.Requests;
import dev.cairn.bench.process.Channels;
import dev.cairn.bench.process.Directories;
import dev.cairn.bench.process.Server;
import dev.cairn.bench.process.Usage;
import dev.cairn.bench.process.Waiting;
import dev.cairn.proto.etcdserverpb.HashKVRequest;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import io.grpc.ManagedChannel;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * The command {@code bench/roundtrip}: a store is filled in a real etcd, taken over in place by ours, and given back, with equal hashes at every
 * stop. At both servers a snapshot is taken while puts are due at a steady rate.
 */
@Command(
        name = "bench/roundtrip",
        description = "Takes a store from a real etcd to our server and back, and reports what each step took.",
        mixinStandardHelpOptions = true)
public final class RoundTrip implements Callable<Integer> {
    private static final int PUTS_PER_SECOND = 200;
    private static final int QUIET_SECONDS = 10;

    private static final long LOOK_AGAIN_MILLIS = 50;

    /** Every so many of the keys are written twice more, so that there is history. */
    private static final int REWRITTEN = 100;

    @Option(names = "--ours", required = true, description = "Our server's start script; etcdutl stands beside it.")
    private Path ours = Path.of("");

    @Option(names = "--oracle", required = true, description = "The directory of the real etcd.")
    private Path oracle = Path.of("");

    @Parameters(index = "0", defaultValue = "1000000", description = "Keys (${DEFAULT-VALUE}).")
    private int keys;

    @Parameters(index = "1", defaultValue = "400", description = "Bytes of a value (${DEFAULT-VALUE}).")
    private int valueBytes;

    private final List<String> steps = new ArrayList<>();
    private final List<String> snapshots = new ArrayList<>();

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new RoundTrip()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        Path directory = Files.createTempDirectory("roundtrip-");
        try {
            travel(directory);
        } finally {
            Directories.remove(directory);
        }
        return 0;
    }

    private void travel(Path directory) throws IOException {
        Path data = directory.resolve("data");
        Path etcd = oracle.resolve("etcd");
        long[] revisions;
        int[] hashes;
        try (Server server = Server.on(etcd, data)) {
            long began = System.nanoTime();
            server.start();
            long last = fill(Channels.plain(server.target()));
            steps.add(step("filled, real etcd", began, server.usage().peakMebibytes(), data));
            revisions = new long[] {last / 2, last - last / 200, last};
            hashes = hashes(server, revisions);
            snapshot("etcd", server);
        }
        try (Server server = Server.on(ours, data)) {
            server.start();
            steps.add(step(
                    "taken over, ready to serve",
                    server.launchedAtNanos(),
                    server.usage().peakMebibytes(),
                    data));
            check(hashes, hashes(server, revisions), "ours");
            snapshot("ours", server);
        }
        giveBack(directory, data);
        try (Server server = Server.on(etcd, data)) {
            server.start();
            steps.add(step(
                    "started, real etcd",
                    server.launchedAtNanos(),
                    server.usage().peakMebibytes(),
                    data));
            check(hashes, hashes(server, revisions), "etcd");
        }
        System.out.printf("%d keys of %d bytes, every %dth written twice more%n%n", keys, valueBytes, REWRITTEN);
        System.out.println("| step | s | peak RSS MiB | data MiB, with what is set aside |\n|---|---|---|---|");
        steps.forEach(System.out::println);
        System.out.println("\nHashKV was equal at revisions " + Arrays.toString(revisions) + " of all three.\n");
        System.out.println(
                "| snapshot at | MiB | s | CPU s | peak RSS MiB | put p99, max ms before | put p99, max ms meanwhile |\n"
                        + "|---|---|---|---|---|---|---|");
        snapshots.forEach(System.out::println);
    }

    private static String step(String what, long beganNanos, double peakMebibytes, Path data) throws IOException {
        return String.format(
                Locale.ROOT,
                "| %s | %.1f | %.0f | %d |",
                what,
                (System.nanoTime() - beganNanos) / 1e9,
                peakMebibytes,
                mebibytes(data));
    }

    /** @return the last revision */
    private long fill(Channels to) throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        long last = 0;
        for (int step : new int[] {1, REWRITTEN, REWRITTEN}) {
            last = Filling.puts(to, (keys + step - 1) / step, number -> {
                byte[] value = new byte[valueBytes];
                random.nextBytes(value);
                return PutRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(String.format("/registry/things/%09d", number * step)))
                        .setValue(ByteString.copyFrom(value))
                        .build();
            });
        }
        return last;
    }

    private static int[] hashes(Server server, long[] revisions) {
        ManagedChannel channel = Channels.plain(server.target()).open(0);
        try {
            int[] hashes = new int[revisions.length];
            for (int i = 0; i < hashes.length; i++) {
                HashKVRequest request =
                        HashKVRequest.newBuilder().setRevision(revisions[i]).build();
                hashes[i] =
                        MaintenanceGrpc.newBlockingStub(channel).hashKV(request).getHash();
            }
            return hashes;
        } finally {
            channel.shutdownNow();
        }
    }

    private static void check(int[] expected, int[] found, String who) {
        if (!Arrays.equals(expected, found)) {
            throw new IllegalStateException(
                    who + " has other hashes: " + Arrays.toString(found) + " instead of " + Arrays.toString(expected));
        }
    }

    private void giveBack(Path directory, Path data) throws IOException {
        Path log = directory.resolve("export.log");
        long began = System.nanoTime();
        Process export = new ProcessBuilder(
                        ours.resolveSibling("etcdutl").toString(), "export", "--data-dir", data.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        double peak = 0;
        try {
            while (!export.waitFor(LOOK_AGAIN_MILLIS, TimeUnit.MILLISECONDS)) {
                peak = Math.max(peak, peakMebibytes(export));
            }
        } catch (InterruptedException e) {
            export.destroyForcibly();
            throw Waiting.interrupted(e);
        }
        if (export.exitValue() != 0) {
            throw new IOException("etcdutl export failed: " + Files.readString(log));
        }
        steps.add(step("given back", began, peak, data));
    }

    private static double peakMebibytes(Process process) {
        try {
            return new Usage(process.pid()).peakMebibytes();
        } catch (IOException e) {
            // It has just ended.
            return 0;
        }
    }

    private void snapshot(String who, Server server) throws IOException {
        Channels to = Channels.plain(server.target());
        OpenLoop.Request put = Requests.put(number -> PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("load/" + number % 1000))
                .setValue(ByteString.copyFromUtf8("value " + number))
                .build());
        ManagedChannel channel = to.open(0);
        try (OpenLoop putting = new OpenLoop(to, 1, put)) {
            OpenLoop.Answers before = putting.run(PUTS_PER_SECOND, QUIET_SECONDS);
            before.withoutFailure();
            server.usage().forgetPeak();
            OpenLoop.Running running = putting.start(PUTS_PER_SECOND);
            double cpu = server.usage().cpuSeconds();
            long began = System.nanoTime();
            long bytes = Drained.snapshot(channel);
            double seconds = (System.nanoTime() - began) / 1e9;
            cpu = server.usage().cpuSeconds() - cpu;
            OpenLoop.Answers meanwhile = running.end();
            meanwhile.withoutFailure();
            snapshots.add(String.format(
                    Locale.ROOT,
                    "| %s | %d | %.1f | %.1f | %.0f | %.1f, %.0f | %.1f, %.0f |",
                    who,
                    bytes >> 20,
                    seconds,
                    cpu,
                    server.usage().peakMebibytes(),
                    before.millis(99),
                    before.millis(100),
                    meanwhile.millis(99),
                    meanwhile.millis(100)));
        } finally {
            channel.shutdownNow();
        }
    }

    private static long mebibytes(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.map(Path::toFile)
                            .filter(File::isFile)
                            .mapToLong(File::length)
                            .sum()
                    >> 20;
        }
    }
}
