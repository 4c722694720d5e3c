package dev.cairn.bench.work;

import com.google.protobuf.ByteString;
import dev.cairn.bench.load.Keys;
import dev.cairn.bench.load.OpenLoop;
import dev.cairn.bench.load.Requests;
import dev.cairn.bench.load.UnderWay;
import dev.cairn.bench.process.Members;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Many watchers of one key. Events are timed from put to watcher at a steady rate; then puts are made in bursts as fast as they are answered, and
 * timed is until every watcher has seen every one of them.
 *
 * @param watchers that read, {@link Watchers#PER_STREAM} to a stream
 * @param slow that do not, each with a stream of its own
 * @param putsPerSecond the steady rate
 * @param burst puts of a burst
 */
record Watching(Heading heading, int watchers, int slow, double putsPerSecond, int burst) implements Scenario {
    static final Figure EVENTS = new Figure(Figures.THROUGHPUT.name(), "events/s", true);
    static final Figure CPU = Figures.CPU;
    static final Figure EVENT_P99 = Figure.of("event p99", "ms");
    private static final Figure EVENT_P50 = Figure.of("event p50", "ms");
    private static final Figure BURST = Figure.of("burst until seen by all", "ms");
    private static final Figure GROWTH = Figure.of("RSS growth", "MiB");
    private static final Figure OWN_GROWTH = Figure.of("own memory growth", "MiB");

    private static final int CONNECTIONS = 10;

    /** As clients in Go have it; what is in it is this JVM's memory, for each that does not read. */
    private static final int SLOW_WINDOW_BYTES = 64 << 10;

    private static final int UNDER_WAY_MAX = 100;
    private static final int EVENTS_OF_CPU = 100_000;
    private static final ByteString KEY = ByteString.copyFromUtf8("watched");
    private static final ByteString REST_OF_VALUE = Keys.value(Keys.VALUE_BYTES - Long.BYTES);

    @Override
    public double seconds(Plan plan) {
        return Plan.AROUND_SECONDS + plan.warmUpSeconds() + plan.clientWarmUp() + plan.open() + plan.closed() + 5;
    }

    @Override
    public Sample run(Run run) throws IOException {
        try (Members members = run.start(setting());
                Story story = new Story(run.plan(), members)) {
            return story.tell();
        }
    }

    private final class Story implements AutoCloseable {
        private final Plan plan;
        private final Members members;
        private final Watchers fast = new Watchers(KEY);
        private final Watchers idle = new Watchers(KEY);
        /** Since they watch. */
        private final AtomicLong puts = new AtomicLong();

        private final ManagedChannel putting;

        Story(Plan plan, Members members) {
            this.plan = plan;
            this.members = members;
            putting = members.open(0);
        }

        Sample tell() throws IOException {
            // Without watchers, so that their memory shows, and not that of a first put.
            burst(plan.count(burst));
            puts.set(0);
            double resident = members.residentMebibytes();
            double own = members.ownMebibytes();
            fast.create(members, CONNECTIONS, watchers, true);
            idle.create(members.withWindow(SLOW_WINDOW_BYTES), CONNECTIONS, slow, false);
            if (!plan.cold()) {
                bursts(plan.warmUpSeconds());
            }
            steadily();
            Sample sample = new Sample().add(EVENT_P50, fast.millis(50)).add(EVENT_P99, fast.millis(99));
            double cpu = members.cpuSeconds();
            long began = System.nanoTime();
            long bursts = bursts(plan.closed());
            double seconds = (System.nanoTime() - began) / 1e9;
            double events = (double) bursts * plan.count(burst) * watchers;
            return sample.add(EVENTS, events / seconds)
                    .add(CPU, (members.cpuSeconds() - cpu) * EVENTS_OF_CPU / events)
                    .add(BURST, seconds * 1000 / bursts)
                    .add(GROWTH, members.residentMebibytes() - resident)
                    .add(OWN_GROWTH, members.ownMebibytes() - own)
                    .add(Figures.RESIDENT, members.residentMebibytes())
                    .add(Figures.OWN, members.ownMebibytes());
        }

        /** @return how many; one at least */
        private long bursts(double seconds) throws IOException {
            long end = System.nanoTime() + (long) (seconds * 1e9);
            long bursts = 0;
            do {
                burst(plan.count(burst));
                fast.awaitAll(puts.get());
                bursts++;
            } while (System.nanoTime() < end);
            return bursts;
        }

        private void burst(int count) throws IOException {
            KVGrpc.KVStub kv = KVGrpc.newStub(putting);
            UnderWay underWay = new UnderWay(UNDER_WAY_MAX);
            for (int i = 0; i < count; i++) {
                StreamObserver<PutResponse> answer = underWay.next();
                kv.put(next(), answer);
            }
            underWay.awaitAll();
        }

        private void steadily() throws IOException {
            try (OpenLoop open = new OpenLoop(members, 1, Requests.put(number -> next()))) {
                if (plan.clientWarmUp() > 0) {
                    open.run(putsPerSecond, plan.clientWarmUp()).withoutFailure();
                    fast.awaitAll(puts.get());
                }
                fast.forgetTimes();
                open.run(putsPerSecond, plan.open()).withoutFailure();
            }
            fast.awaitAll(puts.get());
        }

        /** The value begins with the moment of the put. */
        private PutRequest next() {
            puts.incrementAndGet();
            ByteString now = ByteString.copyFrom(ByteBuffer.allocate(Long.BYTES).putLong(0, System.nanoTime()));
            return PutRequest.newBuilder()
                    .setKey(KEY)
                    .setValue(now.concat(REST_OF_VALUE))
                    .build();
        }

        @Override
        public void close() {
            putting.shutdownNow();
            fast.close();
            idle.close();
        }
    }
}
