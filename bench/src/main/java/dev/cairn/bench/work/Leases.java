package dev.cairn.bench.work;

import com.google.protobuf.ByteString;
import dev.cairn.bench.load.UnderWay;
import dev.cairn.bench.process.Members;
import dev.cairn.bench.process.Waiting;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Many leases are granted as fast as it goes, and nobody renews them. Some have a key; a watcher of these tells how long after its time each lease
 * was revoked. Leases that are still there a minute after the last was due are charged with the time until then. A
 * server that has too much to do refuses some.
 *
 * @param leases how many are granted
 * @param ttlSeconds what each of them is granted
 */
record Leases(Heading heading, int leases, int ttlSeconds) implements Scenario {
    static final Figure GRANTS = new Figure(Figures.THROUGHPUT.name(), "grants/s", true);
    static final Figure LAG = Figure.of("revocation lag, p99", "s");
    private static final Figure REFUSED = Figure.of("refused grants", "");
    private static final Figure MEDIAN_LAG = Figure.of("revocation lag, median", "s");
    private static final Figure LEFT = Figure.of("not revoked a minute later", "%");
    private static final Figure WHOLE_CPU = Figure.of("CPU with revocations", "s");

    private static final int UNDER_WAY_MAX = 1000;
    private static final int LEASES_OF_CPU = 100_000;
    private static final int WITH_KEY_MAX = 1000;
    private static final double WAIT_SECONDS = 60;
    private static final double GRANTS_PER_SECOND = 15_000;
    private static final int NONE = -1;
    private static final String PREFIX = "lease/";
    private static final String BEHIND_PREFIX = "lease0";

    @Override
    public double seconds(Plan plan) {
        return Plan.AROUND_SECONDS + plan.count(leases) / GRANTS_PER_SECOND + ttlSeconds + WAIT_SECONDS;
    }

    @Override
    public Sample run(Run run) throws IOException {
        int count = run.plan().count(leases);
        try (Members members = run.start(setting())) {
            ManagedChannel channel = members.open(0);
            ManagedChannel watching = members.open(0);
            try {
                return new Life(members, channel, count).live(watching);
            } finally {
                channel.shutdownNow();
                watching.shutdownNow();
            }
        }
    }

    /** One life of them; the watcher's thread tells when leases have gone, and the channel's when they were granted. */
    private final class Life implements StreamObserver<WatchResponse> {
        private final Members members;
        private final ManagedChannel channel;
        private final int count;
        /** Every so many have a key, which is named by its index in these arrays. */
        private final int every;

        /** When each has to go; 0 for those that have no key after all. */
        private final AtomicLongArray dueNanos;

        /** When each has gone; 0 for those that have not. */
        private final AtomicLongArray goneNanos;

        private final AtomicLong refused = new AtomicLong();
        private final CountDownLatch watched = new CountDownLatch(1);
        private final CountDownLatch gone;
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

        Life(Members members, ManagedChannel channel, int count) {
            this.members = members;
            this.channel = channel;
            this.count = count;
            every = Math.max(1, count / WITH_KEY_MAX);
            dueNanos = new AtomicLongArray(count / every);
            goneNanos = new AtomicLongArray(count / every);
            gone = new CountDownLatch(count / every);
        }

        Sample live(ManagedChannel watching) throws IOException {
            WatchCreateRequest all = WatchCreateRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8(PREFIX))
                    .setRangeEnd(ByteString.copyFromUtf8(BEHIND_PREFIX))
                    .build();
            WatchGrpc.newStub(watching)
                    .watch(this)
                    .onNext(WatchRequest.newBuilder().setCreateRequest(all).build());
            Waiting.until("somebody watches", () -> watched.getCount() == 0);
            double cpu = members.cpuSeconds();
            long began = System.nanoTime();
            grant();
            double grantSeconds = (System.nanoTime() - began) / 1e9;
            double granted = members.cpuSeconds();
            awaitGone();
            long end = System.nanoTime();
            List<Double> lags = new ArrayList<>();
            int left = 0;
            for (int i = 0; i < goneNanos.length(); i++) {
                if (dueNanos.get(i) == 0) {
                    continue;
                }
                boolean isLeft = goneNanos.get(i) == 0;
                left += isLeft ? 1 : 0;
                lags.add(Math.max(0, (isLeft ? end : goneNanos.get(i)) - dueNanos.get(i)) / 1e9);
            }
            if (lags.isEmpty()) {
                throw new IOException("no lease got a key");
            }
            double leases = count - refused.get();
            return new Sample()
                    .add(GRANTS, leases / grantSeconds)
                    .add(REFUSED, refused.get())
                    .add(Figures.CPU, (granted - cpu) * LEASES_OF_CPU / leases)
                    .add(MEDIAN_LAG, Quantiles.percentile(lags, 50))
                    .add(LAG, Quantiles.percentile(lags, 99))
                    .add(LEFT, 100.0 * left / lags.size())
                    .add(WHOLE_CPU, members.cpuSeconds() - cpu)
                    .add(Figures.RESIDENT, members.residentMebibytes())
                    .add(Figures.OWN, members.ownMebibytes());
        }

        private void grant() throws IOException {
            LeaseGrpc.LeaseStub lease = LeaseGrpc.newStub(channel);
            UnderWay underWay = new UnderWay(UNDER_WAY_MAX);
            UnderWay keys = new UnderWay(WITH_KEY_MAX);
            for (int i = 0; i < count; i++) {
                int key = i % every == 0 && i / every < dueNanos.length() ? i / every : NONE;
                LeaseGrantRequest request = LeaseGrantRequest.newBuilder()
                        .setID(i + 1L)
                        .setTTL(ttlSeconds)
                        .build();
                if (key == NONE) {
                    lease.leaseGrant(request, underWay.next(granted -> {}, error -> refused.incrementAndGet()));
                } else {
                    StreamObserver<PutResponse> attached = keys.next(put -> {}, error -> withoutKey(key));
                    lease.leaseGrant(request, underWay.next(granted -> attach(granted, key, attached), error -> {
                        refused.incrementAndGet();
                        attached.onError(error);
                    }));
                }
            }
            underWay.awaitAll();
            keys.awaitAll();
        }

        private void attach(LeaseGrantResponse granted, int key, StreamObserver<PutResponse> attached) {
            dueNanos.set(key, System.nanoTime() + TimeUnit.SECONDS.toNanos(granted.getTTL()));
            PutRequest put = PutRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8(PREFIX + key))
                    .setLease(granted.getID())
                    .build();
            KVGrpc.newStub(channel).put(put, attached);
        }

        /** Nobody can tell when this one goes, so nobody waits for it. */
        private void withoutKey(int key) {
            dueNanos.set(key, 0);
            gone.countDown();
        }

        /** Until all are, or a minute after the last had to go. */
        private void awaitGone() throws IOException {
            try {
                if (!gone.await(ttlSeconds + (long) WAIT_SECONDS, TimeUnit.SECONDS)) {
                    return;
                }
            } catch (InterruptedException e) {
                throw Waiting.interrupted(e);
            }
            Throwable first = failure.get();
            if (first != null) {
                throw new IOException("the watcher failed", first);
            }
        }

        @Override
        public void onNext(WatchResponse answer) {
            watched.countDown();
            for (Event event : answer.getEventsList()) {
                if (event.getType() == Event.EventType.DELETE) {
                    String key = event.getKv().getKey().toStringUtf8();
                    goneNanos.set(Integer.parseInt(key.substring(PREFIX.length())), System.nanoTime());
                    gone.countDown();
                }
            }
        }

        @Override
        public void onError(Throwable error) {
            if (gone.getCount() > 0) {
                failure.compareAndSet(null, error);
                // Whoever waits has to learn of it.
                while (gone.getCount() > 0) {
                    gone.countDown();
                }
            }
        }

        @Override
        public void onCompleted() {
            onError(new IOException("the watcher was ended"));
        }
    }
}
