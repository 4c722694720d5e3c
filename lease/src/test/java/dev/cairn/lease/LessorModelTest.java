package dev.cairn.lease;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KeyRange;
import dev.cairn.mvcc.MemoryTables;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Goal: the lessor does what a lessor without wheel, atomics and spreading does. Method: seeded operations on both, with
 * restarts, changes of role and clock jumps; the naive one keeps a list and walks it.
 */
@Timeout(60)
class LessorModelTest {
    private static final long SLACK = 2 * SECONDS.toNanos(1);

    private static final class NaiveLease {
        long ttl;
        long remaining;
        long expiry;
        boolean offered;
        final TreeSet<ByteString> keys = new TreeSet<>(KeyRange.KEY_ORDER);
    }

    private final MemoryTables tables = new MemoryTables();
    private final RecordingSink sink = new RecordingSink();
    private final TreeMap<Long, NaiveLease> model = new TreeMap<>();
    private boolean primary;
    private long now;

    @Test
    void shouldAgreeWithNaiveLessor() throws LeaseException {
        long base = System.nanoTime();
        for (int run = 0; run < 15; run++) {
            long seed = base + run;
            try {
                run(new Random(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private void run(Random random) throws LeaseException {
        model.clear();
        List<Long> all = new ArrayList<>();
        tables.forEach(
                dev.cairn.mvcc.Table.LEASE,
                (key, value) -> all.add(key.asReadOnlyByteBuffer().getLong()));
        now = random.nextLong();
        LessorOptions options = new LessorOptions(2, 0);
        Lessor lessor = new Lessor(tables, options, sink, now);
        lessor.restore();
        lessor.attachedAll();
        for (long id : all) {
            lessor.revoke(id);
        }
        primary = false;
        sink.revocations.clear();
        for (int step = 0; step < 600; step++) {
            long id = random.nextInt(1, 30);
            NaiveLease lease = model.get(id);
            ByteString key = ByteString.copyFromUtf8("k" + random.nextInt(50));
            switch (random.nextInt(16)) {
                case 0, 1, 2 -> {
                    long ttl = random.nextInt(8) == 0 ? random.nextLong(Lessor.MAX_TTL_SECONDS) : random.nextInt(20);
                    if (lease == null) {
                        NaiveLease made = new NaiveLease();
                        made.ttl = Math.max(2, ttl);
                        made.expiry = now + SECONDS.toNanos(made.ttl);
                        model.put(id, made);
                        assertThat(lessor.grant(id, ttl, now)).isEqualTo(made.ttl);
                    } else {
                        assertThat(refusal(() -> lessor.grant(id, ttl, now)))
                                .isEqualTo(LeaseException.Reason.LEASE_EXISTS);
                    }
                }
                case 3 -> {
                    if (lease == null) {
                        assertThat(refusal(() -> lessor.revoke(id))).isEqualTo(LeaseException.Reason.LEASE_NOT_FOUND);
                    } else {
                        assertThat(lessor.revoke(id)).containsExactlyElementsOf(lease.keys);
                        model.remove(id);
                    }
                }
                case 4, 5 -> {
                    if (lease != null) {
                        lease.keys.add(key);
                    }
                    lessor.attach(id, key);
                }
                case 6 -> {
                    if (lease != null) {
                        lease.keys.remove(key);
                    }
                    lessor.detach(id, key);
                }
                case 7, 8, 9 -> {
                    Renewal.State expected;
                    if (!primary) {
                        expected = Renewal.State.NOT_PRIMARY;
                    } else if (lease == null) {
                        expected = Renewal.State.UNKNOWN;
                    } else if (lease.offered || lease.expiry - now <= 0) {
                        expected = Renewal.State.EXPIRED;
                    } else {
                        expected = Renewal.State.RENEWED;
                        lease.expiry = now + SECONDS.toNanos(lease.ttl);
                    }
                    assertThat(lessor.renew(id, now).state()).isEqualTo(expected);
                }
                case 10 -> {
                    if (lease != null) {
                        lease.remaining = random.nextInt(3) * 5L;
                        lessor.checkpoint(id, lease.remaining, now);
                    }
                }
                case 11 -> {
                    if (random.nextInt(4) == 0) {
                        lessor.demote();
                        primary = false;
                    } else if (random.nextInt(4) == 0) {
                        long extend = SECONDS.toNanos(random.nextInt(3));
                        lessor.promote(now, extend);
                        primary = true;
                        for (NaiveLease each : model.values()) {
                            each.offered = false;
                            each.expiry =
                                    now + SECONDS.toNanos(each.remaining > 0 ? each.remaining : each.ttl) + extend;
                        }
                    }
                }
                case 12 -> {
                    if (random.nextInt(6) == 0) {
                        lessor.restore();
                        model.forEach((each, held) -> held.keys.forEach(k -> lessor.attach(each, k)));
                        lessor.attachedAll();
                        primary = false;
                    }
                }
                default -> {
                    now += random.nextInt(12) == 0
                            ? SECONDS.toNanos(random.nextInt(100_000))
                            : MILLISECONDS.toNanos(random.nextInt(3000));
                    scan(lessor);
                }
            }
            check(lessor);
        }
    }

    private void scan(Lessor lessor) {
        lessor.doWork(now);
        List<Long> offered = sink.takeRevocations();
        assertThat(offered).doesNotHaveDuplicates();
        for (long id : offered) {
            NaiveLease lease = naive(id);
            assertThat(primary && lease.expiry - now <= 0)
                    .as("lease %d has expired", id)
                    .isTrue();
            lease.offered = true;
        }
        // The next scan is due by then.
        now += SLACK / 4;
        lessor.doWork(now);
        sink.takeRevocations().forEach(id -> naive(id).offered = true);
        model.forEach((id, lease) -> assertThat(!primary || lease.offered || now - lease.expiry < SLACK)
                .as("lease %d was offered in time", id)
                .isTrue());
    }

    private NaiveLease naive(long id) {
        return Objects.requireNonNull(model.get(id), () -> "no lease " + id);
    }

    private void check(Lessor lessor) throws LeaseException {
        assertThat(lessor.size()).isEqualTo(model.size());
        List<Long> order = new ArrayList<>(model.keySet());
        if (primary) {
            order.sort(
                    Comparator.<Long>comparingLong(id -> naive(id).expiry - now).thenComparingLong(id -> id));
        }
        assertThat(lessor.leases())
                .containsExactly(order.stream().mapToLong(id -> id).toArray());
        for (long id = 1; id < 30; id++) {
            NaiveLease lease = model.get(id);
            assertThat(lessor.exists(id)).isEqualTo(lease != null);
            assertThat(lessor.attachedKeys(id)).containsExactlyElementsOf(lease == null ? List.of() : lease.keys);
            if (primary) {
                TimeToLive expected = lease == null
                        ? new TimeToLive(-1, 0)
                        : new TimeToLive((lease.expiry - now) / SECONDS.toNanos(1), lease.ttl);
                assertThat(lessor.timeToLive(id, now)).isEqualTo(expected);
            }
        }
    }

    private interface Call {
        void run() throws LeaseException;
    }

    private static LeaseException.@Nullable Reason refusal(Call call) {
        try {
            call.run();
            return null;
        } catch (LeaseException e) {
            return e.reason();
        }
    }
}
