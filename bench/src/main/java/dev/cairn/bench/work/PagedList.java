package dev.cairn.bench.work;

import com.google.protobuf.ByteString;
import dev.cairn.bench.load.Filling;
import dev.cairn.bench.load.Keys;
import dev.cairn.bench.process.Members;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * One client lists everything again and again as Kubernetes does: page by page, each from the key behind the last one, all at the revision of the
 * first.
 *
 * @param keys how many there are
 * @param page how many a page has
 */
record PagedList(Heading heading, int keys, int page) implements Scenario {
    private static final Figure THROUGHPUT = new Figure(Figures.THROUGHPUT.name(), "keys/s", true);
    private static final ByteString BEHIND_ALL = ByteString.copyFromUtf8(":");
    private static final int KEYS_OF_CPU = 100_000;
    private static final int DIGITS = 3;

    @Override
    public double seconds(Plan plan) {
        return Plan.AROUND_SECONDS + Filling.seconds(plan.count(keys)) + plan.warmUpSeconds() + plan.closed();
    }

    @Override
    public Sample run(Run run) throws IOException {
        int count = run.plan().count(keys);
        try (Members members = run.start(setting())) {
            Filling.keys(members, count);
            ManagedChannel channel = members.open(0);
            try {
                KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(channel);
                Histogram pages = new Histogram(TimeUnit.MINUTES.toNanos(1), DIGITS);
                if (!run.plan().cold()) {
                    lists(kv, count, run.plan().warmUpSeconds(), pages);
                }
                pages.reset();
                double cpu = members.cpuSeconds();
                long began = System.nanoTime();
                long listed = lists(kv, count, run.plan().closed(), pages);
                double seconds = (System.nanoTime() - began) / 1e9;
                return new Sample()
                        .add(THROUGHPUT, listed / seconds)
                        .add(Figures.CPU, (members.cpuSeconds() - cpu) * KEYS_OF_CPU / listed)
                        .add(Figures.P50, pages.getValueAtPercentile(50) / 1e6)
                        .add(Figures.P99, pages.getValueAtPercentile(99) / 1e6)
                        .add(Figures.RESIDENT, members.residentMebibytes())
                        .add(Figures.OWN, members.ownMebibytes());
            } finally {
                channel.shutdownNow();
            }
        }
    }

    /** Whole lists until the time is over, one at least. */
    private long lists(KVGrpc.KVBlockingStub kv, int count, double seconds, Histogram pages) throws IOException {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        long listed = 0;
        do {
            long one = list(kv, pages);
            if (one != count) {
                throw new IOException("a list has " + one + " keys instead of " + count);
            }
            listed += one;
        } while (System.nanoTime() < end);
        return listed;
    }

    private long list(KVGrpc.KVBlockingStub kv, Histogram pages) {
        RangeRequest.Builder next = RangeRequest.newBuilder()
                .setKey(Keys.key(0))
                .setRangeEnd(BEHIND_ALL)
                .setLimit(page);
        long listed = 0;
        while (true) {
            long began = System.nanoTime();
            RangeResponse answer = kv.range(next.build());
            pages.recordValue(Math.min(pages.getHighestTrackableValue(), System.nanoTime() - began));
            listed += answer.getKvsCount();
            if (!answer.getMore()) {
                return listed;
            }
            if (next.getRevision() == 0) {
                next.setRevision(answer.getHeader().getRevision());
            }
            next.setKey(answer.getKvs(answer.getKvsCount() - 1).getKey().concat(ByteString.copyFrom(new byte[1])));
        }
    }
}
