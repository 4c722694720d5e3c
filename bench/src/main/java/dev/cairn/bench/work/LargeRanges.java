package dev.cairn.bench.work;

import com.google.protobuf.ByteString;
import dev.cairn.bench.load.Drained;
import dev.cairn.bench.load.Filling;
import dev.cairn.bench.load.Keys;
import dev.cairn.bench.load.OpenLoop;
import dev.cairn.bench.load.PlainCopies;
import dev.cairn.bench.load.Requests;
import dev.cairn.bench.load.UnderWay;
import dev.cairn.bench.process.Members;
import dev.cairn.bench.process.OwnPeak;
import dev.cairn.bench.process.Server;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Some clients ask for a large part of the store at the same time, over and over, while others put at a steady rate. Then as many bytes are copied
 * without the server, which tells what of the difference is the machine's.
 *
 * @param ranges how many are asked for at a time, each by a connection of its own
 * @param keys of all ranges together
 */
record LargeRanges(Heading heading, int ranges, int keys) implements Scenario {
    static final Figure PEAK = Figure.of("peak RSS above idle", "MiB");
    static final Figure MOVED = Figure.of("put p99 to that before", "");
    private static final Figure OWN_PEAK = Figure.of("peak own memory above idle", "MiB");
    private static final Figure BEFORE = Figure.of("put p99 before", "ms");
    private static final Figure MEANWHILE = Figure.of("put p99 meanwhile", "ms");
    private static final Figure COPIED = Figure.of("put p99 beside plain copies to that before", "");
    private static final Figure TOOK = Figure.of("all ranges took", "s");
    private static final Figure CPU = Figure.of("CPU for all ranges", "s");

    static final int VALUE_BYTES = 10 << 10;
    private static final int PUTS_PER_SECOND = 500;
    private static final int PUTTING_CONNECTIONS = 10;
    private static final ByteString VALUE = Keys.value(VALUE_BYTES);

    /** What is put meanwhile is not what is read. */
    private static final String PREFIX = "large/";

    @Override
    public double seconds(Plan plan) {
        // The values are that much larger than those of others.
        double fill = Filling.seconds((long) plan.count(keys) * VALUE_BYTES / Keys.VALUE_BYTES / 4);
        return 3 * Plan.AROUND_SECONDS + fill + plan.warmUpSeconds() + 3 * plan.open();
    }

    private static ByteString key(long number) {
        return ByteString.copyFromUtf8(PREFIX + Keys.name(number));
    }

    @Override
    public Sample run(Run run) throws IOException {
        int count = run.plan().count(keys);
        try (Members members = run.start(setting())) {
            Filling.puts(
                    members,
                    count,
                    number -> PutRequest.newBuilder()
                            .setKey(key(number))
                            .setValue(VALUE)
                            .build());
            Filling.untilSnapshot(members);
            // Idle is what has not just been filled.
            members.first().stop();
            members.first().start();
            try (OpenLoop putting = new OpenLoop(members, PUTTING_CONNECTIONS, Requests.put())) {
                return measure(run.plan(), members, putting, count);
            }
        }
    }

    private Sample measure(Plan plan, Members members, OpenLoop putting, int count) throws IOException {
        if (!plan.cold()) {
            putting.run(PUTS_PER_SECOND, plan.warmUpSeconds()).withoutFailure();
        }
        Server server = members.first();
        double idle = server.usage().residentMebibytes();
        double ownIdle = server.usage().ownMebibytes();
        OpenLoop.Answers before = putting.run(PUTS_PER_SECOND, plan.open());
        before.withoutFailure();
        server.usage().forgetPeak();
        double cpu = server.usage().cpuSeconds();
        List<Double> took = new ArrayList<>();
        List<ManagedChannel> channels = new ArrayList<>();
        try (OwnPeak own = new OwnPeak(server)) {
            for (int i = 0; i < ranges; i++) {
                channels.add(members.open(i));
            }
            OpenLoop.Answers meanwhile = beside(plan, putting, () -> {
                long began = System.nanoTime();
                readAll(channels, count);
                took.add((System.nanoTime() - began) / 1e9);
            });
            Sample sample = new Sample()
                    .add(PEAK, server.usage().peakMebibytes() - idle)
                    .add(OWN_PEAK, own.mebibytes() - ownIdle)
                    .add(Figures.RESIDENT, idle)
                    .add(Figures.OWN, ownIdle)
                    .add(BEFORE, before.millis(99))
                    .add(MEANWHILE, meanwhile.millis(99))
                    .add(MOVED, meanwhile.millis(99) / before.millis(99))
                    .add(TOOK, Quantiles.median(took))
                    .add(CPU, (server.usage().cpuSeconds() - cpu) / took.size());
            long bytesEach = (long) count * VALUE_BYTES / ranges;
            try (PlainCopies copies = new PlainCopies(ranges)) {
                OpenLoop.Answers copied = beside(plan, putting, () -> copies.send(bytesEach));
                return sample.add(COPIED, copied.millis(99) / before.millis(99));
            }
        } finally {
            channels.forEach(ManagedChannel::shutdownNow);
        }
    }

    private interface Work {
        void once() throws IOException;
    }

    /** What puts take while the work is done, again and again. */
    private static OpenLoop.Answers beside(Plan plan, OpenLoop putting, Work work) throws IOException {
        OpenLoop.Running running = putting.start(PUTS_PER_SECOND);
        long end = System.nanoTime() + (long) (plan.open() * 1e9);
        do {
            work.once();
        } while (System.nanoTime() < end);
        OpenLoop.Answers answers = running.end();
        answers.withoutFailure();
        return answers;
    }

    private void readAll(List<ManagedChannel> channels, int count) throws IOException {
        UnderWay underWay = new UnderWay(ranges);
        AtomicLong bytes = new AtomicLong();
        for (int i = 0; i < ranges; i++) {
            RangeRequest range = RangeRequest.newBuilder()
                    .setKey(key((long) count * i / ranges))
                    .setRangeEnd(key((long) count * (i + 1) / ranges))
                    .build();
            Drained.range(channels.get(i), range, underWay.next(bytes::addAndGet));
        }
        underWay.awaitAll();
        if (bytes.get() < (long) count * VALUE_BYTES) {
            throw new IOException("the ranges have only " + bytes.get() + " bytes");
        }
    }
}
