package dev.cairn.bench.work;

import dev.cairn.bench.load.Keys;
import dev.cairn.bench.process.Members;
import dev.cairn.bench.process.Server;
import dev.cairn.bench.process.Setting;
import dev.cairn.bench.process.Waiting;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutResponse;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The leader of three is killed, again and again; timed is from the kill to the first put that either of the others acknowledges. A client puts every
 * few milliseconds and does not wait for the puts before.
 *
 * @param times how often in one run
 */
record FailOver(Heading heading, int times) implements Scenario {
    static final Figure MEDIAN = Figure.of("fail-over", "ms");
    private static final Figure LONGEST = Figure.of("longest fail-over", "ms");

    private static final long EVERY_MILLIS = 5;
    private static final long GIVE_UP_SECONDS = 10;
    private static final double ONE_SECONDS = 6;

    @Override
    public Setting setting() {
        return Setting.THREE_MEMBERS;
    }

    @Override
    public double seconds(Plan plan) {
        return Plan.AROUND_SECONDS + plan.count(times) * ONE_SECONDS;
    }

    @Override
    public Sample run(Run run) throws IOException {
        try (Members members = run.start(setting())) {
            List<Double> millis = new ArrayList<>();
            for (int i = 0; i < run.plan().count(times); i++) {
                millis.add(failOver(members));
            }
            return new Sample().add(MEDIAN, Quantiles.median(millis)).add(LONGEST, Quantiles.percentile(millis, 100));
        }
    }

    /** Afterwards all members are there again. */
    private static double failOver(Members members) throws IOException {
        Server leader = members.leader();
        List<ManagedChannel> others = new ArrayList<>();
        try {
            for (Server server : members.all()) {
                if (server != leader) {
                    ManagedChannel channel = members.open(server);
                    others.add(channel);
                    Waiting.until("connections are made", () -> channel.getState(true) == ConnectivityState.READY);
                }
            }
            AtomicLong acknowledged = new AtomicLong();
            long killed = System.nanoTime();
            leader.kill();
            for (int i = 0; acknowledged.get() == 0; i++) {
                if (System.nanoTime() - killed > TimeUnit.MINUTES.toNanos(1)) {
                    throw new IOException("the others acknowledge nothing");
                }
                KVGrpc.newStub(others.get(i % others.size()))
                        .withDeadlineAfter(GIVE_UP_SECONDS, TimeUnit.SECONDS)
                        .put(Keys.put(i), new First(acknowledged));
                Waiting.pause(EVERY_MILLIS);
            }
            return (acknowledged.get() - killed) / 1e6;
        } finally {
            others.forEach(ManagedChannel::shutdownNow);
            leader.awaitEnd();
            leader.start();
            members.awaitAgreement();
        }
    }

    private record First(AtomicLong acknowledged) implements StreamObserver<PutResponse> {
        @Override
        public void onNext(PutResponse answer) {
            acknowledged.compareAndSet(0, System.nanoTime());
        }

        @Override
        public void onError(Throwable noLeader) {
            // That is what is timed.
        }

        @Override
        public void onCompleted() {
            // The answer has counted.
        }
    }
}
