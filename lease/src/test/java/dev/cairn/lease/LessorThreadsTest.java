package dev.cairn.lease;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.MemoryTables;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LessorThreadsTest {
    /**
     * Goal: a lease whose renewal was answered lives for its TTL, and one that nobody renews is offered, whatever the threads
     * do to each other. Method: renewing threads against the expiry duty, grants, revocations and promotions on one
     * clock that only the duty's thread advances; each answered renewal notes the time up to which the lease must live.
     */
    @Test
    void shouldNotOfferLeaseWithinTtlOfAnsweredRenewal() throws Exception {
        int leases = 64;
        long ttl = 4;
        AtomicLong clock = new AtomicLong(Long.MAX_VALUE - SECONDS.toNanos(100));
        // Counted from the clock's start, so that they can be compared.
        long start = clock.get();
        AtomicLongArray livesUntil = new AtomicLongArray(leases + 1);
        AtomicLong offered = new AtomicLong();
        AtomicLong renewed = new AtomicLong();
        List<String> broken = new ArrayList<>();
        ExpirySink sink = new ExpirySink() {
            @Override
            public boolean revoke(long lease) {
                offered.incrementAndGet();
                if (clock.get() - start < livesUntil.get((int) lease)) {
                    broken.add("lease " + lease + " offered too early");
                }
                return true;
            }

            @Override
            public boolean checkpoint(long lease, long remainingTtlSeconds) {
                throw new AssertionError("checkpoints are off");
            }
        };
        Lessor lessor = new Lessor(new MemoryTables(), new LessorOptions(1, 0), sink, start);
        for (int i = 1; i <= leases; i++) {
            lessor.grant(i, ttl, start);
        }
        lessor.promote(start, 0);
        AtomicBoolean stop = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int t = 0; t < 2; t++) {
                // Each renews leases of its own: a renewal that comes late with an old time takes back a newer one.
                int odd = t;
                running.add(threads.submit(() -> {
                    ThreadLocalRandom random = ThreadLocalRandom.current();
                    while (!stop.get()) {
                        int id = 2 * random.nextInt(1, leases / 2 + 1) - odd;
                        long now = clock.get();
                        if (lessor.renew(id, now).state() == Renewal.State.RENEWED) {
                            livesUntil.accumulateAndGet(id, now - start + SECONDS.toNanos(ttl), Math::max);
                            renewed.incrementAndGet();
                        }
                        lessor.leases();
                        lessor.attachedKeys(id);
                    }
                }));
            }
            running.add(threads.submit(() -> {
                Random random = new Random(1);
                long round = 0;
                while (!stop.get()) {
                    long id = random.nextLong(leases + 1, leases + 40);
                    if (lessor.exists(id)) {
                        lessor.revoke(id);
                    } else {
                        // Long enough not to run out, and not watched by the sink.
                        lessor.grant(id, Lessor.MAX_TTL_SECONDS, clock.get());
                        lessor.attach(id, ByteString.copyFromUtf8("key " + round++));
                        lessor.attach(id, ByteString.copyFromUtf8("key " + round++));
                    }
                }
                return null;
            }));
            long deadline = System.nanoTime() + SECONDS.toNanos(3);
            while (System.nanoTime() < deadline) {
                lessor.doWork(clock.addAndGet(MILLISECONDS.toNanos(50)));
                if (ThreadLocalRandom.current().nextInt(200) == 0) {
                    // Revives what had expired.
                    lessor.promote(clock.get(), SECONDS.toNanos(1));
                }
            }
            stop.set(true);
            for (Future<?> each : running) {
                each.get(10, SECONDS);
            }
            assertThat(broken).isEmpty();
            assertThat(renewed.get()).isPositive();
            // Nobody renews any more: all run out.
            lessor.promote(clock.get(), 0);
            long before = offered.get();
            long end = clock.get() + SECONDS.toNanos(ttl + 2);
            while (clock.get() - end < 0) {
                lessor.doWork(clock.addAndGet(MILLISECONDS.toNanos(500)));
            }
            assertThat(offered.get() - before).isEqualTo(leases);
        } finally {
            stop.set(true);
            threads.shutdownNow();
        }
    }
}
