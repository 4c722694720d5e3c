package dev.cairn.lease;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.lease.LeaseException.Reason;
import dev.cairn.mvcc.MemoryTables;
import dev.cairn.mvcc.Table;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LessorTest {
    private static final LessorOptions OPTIONS = LessorOptions.forElection(10, 100);

    /** Close to the end of the clock's range, where readings soon turn negative. */
    private static final long ORIGIN = Long.MAX_VALUE - SECONDS.toNanos(3);

    private final MemoryTables tables = new MemoryTables();
    private final RecordingSink sink = new RecordingSink();
    private final Lessor lessor = new Lessor(tables, OPTIONS, sink, ORIGIN);

    private static long at(long seconds) {
        return ORIGIN + SECONDS.toNanos(seconds);
    }

    private static ByteString key(String text) {
        return ByteString.copyFromUtf8(text);
    }

    @Test
    void shouldTakeLeastTtlFromElectionTicks() {
        assertThat(LessorOptions.forElection(10, 100).minTtlSeconds()).isEqualTo(2);
        assertThat(LessorOptions.forElection(50, 100).minTtlSeconds()).isEqualTo(8);
        // 7.5 ticks are cut to 7.
        assertThat(LessorOptions.forElection(5, 1000).minTtlSeconds()).isEqualTo(7);
        assertThat(LessorOptions.forElection(10, 10).minTtlSeconds()).isEqualTo(1);
        assertThatThrownBy(() -> new LessorOptions(0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new LessorOptions(2, -1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldRaiseTtlToTheLeastAndRefuseWhatIsTooLarge() throws LeaseException {
        assertThat(lessor.grant(1, 60, at(0))).isEqualTo(60);
        assertThat(lessor.grant(-5, 1, at(0))).isEqualTo(2);
        assertThat(lessor.grant(2, -3, at(0))).isEqualTo(2);
        assertThat(lessor.grant(3, 9_000_000_000L, at(0))).isEqualTo(9_000_000_000L);
        assertRefused(Reason.TTL_TOO_LARGE, () -> lessor.grant(4, 9_000_000_001L, at(0)));
        // The TTL is looked at first.
        assertRefused(Reason.TTL_TOO_LARGE, () -> lessor.grant(1, 9_000_000_001L, at(0)));
        assertRefused(Reason.LEASE_EXISTS, () -> lessor.grant(1, 5, at(0)));
        assertRefused(Reason.LEASE_NOT_FOUND, () -> lessor.grant(0, 5, at(0)));
        assertThat(lessor.size()).isEqualTo(4);
    }

    /** The rows were read out of a database file that etcd 3.7.1 had written. */
    @Test
    void shouldWriteRowsOfEtcd() throws LeaseException {
        lessor.grant(0x1234, 60, at(0));
        lessor.grant(0x1235, 9_000_000_000L, at(0));
        lessor.grant(-5, 1, at(0));
        assertThat(rows())
                .containsExactly(
                        "0000000000001234 08b424103c",
                        "0000000000001235 08b5241080b4c4c321",
                        "fffffffffffffffb 08fbffffffffffffffff011002");
        lessor.checkpoint(0x1234, 7, at(0));
        lessor.revoke(0x1235);
        assertThat(rows())
                .containsExactly("0000000000001234 08b424103c1807", "fffffffffffffffb 08fbffffffffffffffff011002");
    }

    private List<String> rows() {
        List<String> rows = new ArrayList<>();
        HexFormat hex = HexFormat.of();
        tables.forEach(
                Table.LEASE,
                (key, value) -> rows.add(hex.formatHex(key.toByteArray()) + " " + hex.formatHex(value.toByteArray())));
        return rows;
    }

    @Test
    void shouldReturnAttachedKeysInOrderWhenRevoked() throws LeaseException {
        lessor.grant(1, 60, at(0));
        lessor.grant(2, 60, at(0));
        for (String key : new String[] {"b", "a", "c", "a"}) {
            lessor.attach(1, key(key));
        }
        ByteString high = ByteString.copyFrom(new byte[] {(byte) 0xff});
        lessor.attach(1, high);
        lessor.attach(2, key("only"));
        lessor.attach(2, key("only"));
        lessor.attach(3, key("nobody's"));
        lessor.detach(1, key("b"));
        lessor.detach(1, key("never attached"));
        lessor.detach(2, key("never attached"));
        lessor.detach(3, key("nobody's"));

        assertThat(lessor.attachedKeys(1)).containsExactly(key("a"), key("c"), high);
        assertThat(lessor.attachedKeys(3)).isEmpty();
        assertThat(lessor.revoke(1)).containsExactly(key("a"), key("c"), high);
        assertThat(lessor.revoke(2)).containsExactly(key("only"));
        assertThat(lessor.exists(1)).isFalse();
        // The store tells of each deleted key afterwards.
        lessor.detach(1, key("a"));
        assertRefused(Reason.LEASE_NOT_FOUND, () -> lessor.revoke(1));
        // The id may be used again, and begins empty.
        lessor.grant(1, 60, at(0));
        assertThat(lessor.revoke(1)).isEmpty();
    }

    @Test
    void shouldTellNoKeysAndRevokeNothingUntilAllAreAttached() throws LeaseException {
        lessor.grant(1, 60, at(0));
        lessor.restore();
        lessor.grant(2, 60, at(0));
        lessor.attach(1, key("a"));
        lessor.attach(2, key("b"));
        assertThat(lessor.attachedKeys(1)).isNull();
        assertThat(lessor.attachedKeys(3)).isNull();
        assertThatThrownBy(() -> lessor.revoke(1)).isInstanceOf(IllegalStateException.class);
        // What names the second one in the store does so from before, and means another lease.
        assertThat(lessor.wasRestored(1)).isTrue();
        assertThat(lessor.wasRestored(2)).isFalse();
        assertThat(lessor.wasRestored(3)).isFalse();

        lessor.attachedAll();
        assertThat(lessor.attachedKeys(1)).containsExactly(key("a"));
        assertThat(lessor.attachedKeys(2)).containsExactly(key("b"));
        assertThat(lessor.attachedKeys(3)).isEmpty();
        assertThat(lessor.revoke(1)).containsExactly(key("a"));
    }

    @Test
    void shouldTellOnceWhenAllAreAttached() {
        List<Boolean> told = new ArrayList<>();
        assertThat(lessor.whenAttached(told::add)).isTrue();
        assertThat(told).containsExactly(true);
        told.clear();

        lessor.restore();
        for (int i = 0; i < Attaching.WAITING_MAX; i++) {
            assertThat(lessor.whenAttached(told::add)).isTrue();
        }
        assertThat(lessor.whenAttached(told::add)).as("one too many").isFalse();
        // The store is exchanged for another before the walk over the first has ended.
        lessor.restore();
        assertThat(told).isEmpty();
        lessor.attachedAll();
        assertThat(told).hasSize(Attaching.WAITING_MAX).containsOnly(true);
    }

    @Test
    void shouldLetGoWhoWaitsForKeysWhenItStops() {
        List<Boolean> told = new ArrayList<>();
        lessor.restore();
        lessor.whenAttached(told::add);
        lessor.stop();
        assertThat(told).containsExactly(false);
        lessor.whenAttached(told::add);
        assertThat(told).containsExactly(false, false);
        lessor.attachedAll();
        assertThat(told).hasSize(2);
    }

    @Test
    void shouldForgetKeyWhenLastOneIsDetached() throws LeaseException {
        lessor.grant(1, 60, at(0));
        lessor.attach(1, key("a"));
        lessor.detach(1, key("a"));
        assertThat(lessor.attachedKeys(1)).isEmpty();
        lessor.attach(1, key("a"));
        lessor.attach(1, key("b"));
        lessor.detach(1, key("a"));
        lessor.detach(1, key("b"));
        assertThat(lessor.attachedKeys(1)).isEmpty();
        lessor.attach(1, key("c"));
        assertThat(lessor.revoke(1)).containsExactly(key("c"));
    }

    @Test
    void shouldMeasureTimeOnPrimaryOnly() throws LeaseException {
        lessor.grant(1, 60, at(0));
        assertThat(lessor.isPrimary()).isFalse();
        assertThat(lessor.renew(1, at(0)).state()).isEqualTo(Renewal.State.NOT_PRIMARY);
        assertRefused(Reason.NOT_PRIMARY, () -> lessor.timeToLive(1, at(0)));
        assertRefused(Reason.NOT_PRIMARY, () -> lessor.timeToLive(9, at(0)));
        assertThat(lessor.doWork(at(1000))).isZero();

        lessor.promote(at(1000), SECONDS.toNanos(1));
        assertThat(lessor.timeToLive(1, at(1000))).isEqualTo(new TimeToLive(61, 60));
        assertThat(lessor.timeToLive(1, at(1000) + 1)).isEqualTo(new TimeToLive(60, 60));
        assertThat(lessor.timeToLive(9, at(1000))).isEqualTo(new TimeToLive(-1, 0));
        // Renewed, it has its TTL and no more.
        assertThat(lessor.renew(1, at(1000))).isEqualTo(new Renewal(Renewal.State.RENEWED, 60));
        assertThat(lessor.timeToLive(1, at(1000))).isEqualTo(new TimeToLive(60, 60));
        assertThat(lessor.renew(9, at(1000))).isEqualTo(new Renewal(Renewal.State.UNKNOWN, 0));

        lessor.demote();
        assertThat(lessor.isPrimary()).isFalse();
        assertThat(lessor.renew(1, at(1000)).state()).isEqualTo(Renewal.State.NOT_PRIMARY);
        assertThat(lessor.doWork(at(5000))).isZero();
        assertThat(sink.revocations).isEmpty();
    }

    @Test
    void shouldOfferExpiredLeaseAndOfferItAgainWhileItIsThere() throws LeaseException {
        lessor.promote(at(0), 0);
        lessor.grant(1, 5, at(0));
        lessor.grant(2, 60, at(0));
        assertThat(firstOffer(0, 5)).isBetween(5000L, 6000L);
        assertThat(sink.takeRevocations()).containsExactly(1L);
        assertThat(lessor.renew(1, at(6))).isEqualTo(new Renewal(Renewal.State.EXPIRED, 0));
        assertThat(lessor.timeToLive(1, at(6)).remainingSeconds()).isEqualTo(-1);
        lessor.doWork(at(7));
        assertThat(sink.takeRevocations()).isEmpty();
        lessor.doWork(at(10));
        assertThat(sink.takeRevocations()).containsExactly(1L);
        lessor.revoke(1);
        lessor.doWork(at(20));
        assertThat(sink.takeRevocations()).isEmpty();
        assertThat(lessor.leases()).containsExactly(2);
    }

    /** Runs the duty every 100 ms and says when the sink got its first lease. */
    private long firstOffer(long fromSeconds, long ttlSeconds) {
        for (long millis = 0; millis < ttlSeconds * 1000 + 5000; millis += 100) {
            lessor.doWork(at(fromSeconds) + MILLISECONDS.toNanos(millis));
            if (!sink.revocations.isEmpty()) {
                return millis;
            }
        }
        throw new AssertionError("never offered");
    }

    @Test
    void shouldKeepRenewedLease() throws LeaseException {
        lessor.promote(at(0), 0);
        lessor.grant(1, 5, at(0));
        for (int second = 0; second < 100; second++) {
            assertThat(lessor.renew(1, at(second)).ttlSeconds()).isEqualTo(5);
            lessor.doWork(at(second) + MILLISECONDS.toNanos(700));
        }
        assertThat(sink.revocations).isEmpty();
        assertThat(firstOffer(99, 5)).isBetween(5000L, 6000L);
    }

    @Test
    void shouldNotRenewOnceFoundExpiredEvenWithOlderReadingOfTheClock() throws LeaseException {
        lessor.promote(at(0), 0);
        lessor.grant(1, 5, at(0));
        lessor.doWork(at(6));
        assertThat(sink.takeRevocations()).containsExactly(1L);
        assertThat(lessor.renew(1, at(4)).state()).isEqualTo(Renewal.State.EXPIRED);
        // A new term of the primary knows of no expiry.
        lessor.promote(at(7), 0);
        assertThat(lessor.renew(1, at(7)).state()).isEqualTo(Renewal.State.RENEWED);
    }

    @Test
    void shouldExpireOnTimeAfterRenewalThatShortens() throws LeaseException {
        lessor.grant(1, 5, at(0));
        lessor.promote(at(0), SECONDS.toNanos(1000));
        assertThat(lessor.timeToLive(1, at(0)).remainingSeconds()).isEqualTo(1005);
        lessor.renew(1, at(0));
        assertThat(firstOffer(0, 5)).isBetween(5000L, 6000L);
    }

    @Test
    void shouldRunWaitingTaskWhenLeaseIsRevokedOrRoleEnds() throws LeaseException {
        lessor.promote(at(0), 0);
        lessor.grant(1, 5, at(0));
        lessor.grant(2, 5, at(0));
        AtomicInteger first = new AtomicInteger();
        AtomicInteger second = new AtomicInteger();
        lessor.whenSettled(1, first::incrementAndGet);
        lessor.whenSettled(1, first::incrementAndGet);
        lessor.whenSettled(2, second::incrementAndGet);
        assertThat(first).hasValue(0);
        lessor.revoke(1);
        assertThat(first).hasValue(2);
        assertThat(second).hasValue(0);
        lessor.demote();
        assertThat(second).hasValue(1);
        // Settled already.
        lessor.whenSettled(2, second::incrementAndGet);
        assertThat(second).hasValue(2);
        lessor.promote(at(0), 0);
        lessor.whenSettled(1, first::incrementAndGet);
        assertThat(first).hasValue(3);
        lessor.demote();
        assertThat(first).hasValue(3);
        assertThat(second).hasValue(2);
    }

    @Test
    void shouldOfferInOrderAsFastAsTheSinkTakes() throws LeaseException {
        lessor.promote(at(0), 0);
        for (int i = 1; i <= 1200; i++) {
            lessor.grant(i, i <= 600 ? 5 : 6, at(0));
        }
        sink.takesWhenHolding = held -> held < 500;
        sink.roomAtNanos = at(10) + 70;
        assertThat(lessor.doWork(at(10))).isEqualTo(500);
        assertThat(lessor.nextDeadlineNanos()).isEqualTo(at(10) + 70);
        assertThat(lessor.doWork(at(10) + 69)).isZero();
        assertThat(sink.revocations).allMatch(id -> id <= 600);

        sink.takesWhenHolding = held -> held < 1000;
        assertThat(lessor.doWork(at(10) + 70)).isEqualTo(500);
        sink.roomAtNanos = Long.MAX_VALUE;
        sink.takesWhenHolding = held -> true;
        assertThat(lessor.nextDeadlineNanos()).isEqualTo(at(10) + 70 + MILLISECONDS.toNanos(Lessor.SCAN_MILLIS));
        assertThat(lessor.doWork(lessor.nextDeadlineNanos() - 1)).isZero();
        assertThat(lessor.doWork(lessor.nextDeadlineNanos())).isEqualTo(200);
        assertThat(sink.revocations.subList(0, 600)).allMatch(id -> id <= 600);
        assertThat(sink.revocations).doesNotHaveDuplicates().hasSize(1200);
        // Nothing is left over: that there is room is no reason to look.
        sink.roomAtNanos = at(11);
        assertThat(lessor.nextDeadlineNanos()).isGreaterThan(at(11));
    }

    @Test
    void shouldStopWhenSinkIsFullAndGoOnAtNextScan() throws LeaseException {
        lessor.promote(at(0), 0);
        for (int i = 1; i <= 10; i++) {
            lessor.grant(i, 5, at(0));
        }
        sink.takesWhenHolding = held -> held < 3;
        assertThat(lessor.doWork(at(10))).isEqualTo(3);
        assertThat(lessor.doWork(at(11))).isZero();
        sink.takesWhenHolding = held -> true;
        assertThat(lessor.doWork(at(12))).isEqualTo(7);
        assertThat(sink.revocations).doesNotHaveDuplicates().hasSize(10);
    }

    @Test
    void shouldSurviveFarFutureAndClockJumps() throws LeaseException {
        lessor.promote(at(0), 0);
        lessor.grant(1, Lessor.MAX_TTL_SECONDS, at(0));
        lessor.grant(2, 1, at(0));
        // 200 years at once.
        lessor.doWork(at(6_000_000_000L));
        assertThat(sink.takeRevocations()).containsExactly(2L);
        lessor.revoke(2);
        assertThat(lessor.timeToLive(1, at(6_000_000_000L)).remainingSeconds()).isEqualTo(3_000_000_000L);
        lessor.doWork(at(8_999_999_999L));
        assertThat(sink.takeRevocations()).isEmpty();
        lessor.doWork(at(9_000_000_001L));
        assertThat(sink.takeRevocations()).containsExactly(1L);
        // What would lie behind the end of time lies at the end of time.
        lessor.grant(3, Lessor.MAX_TTL_SECONDS, at(9_000_000_001L));
        lessor.doWork(at(9_200_000_000L));
        assertThat(sink.takeRevocations()).containsExactly(1L);
        assertThat(lessor.renew(3, at(9_200_000_000L)).state()).isEqualTo(Renewal.State.RENEWED);
    }

    @Test
    void shouldSortLeasesByExpiry() throws LeaseException {
        lessor.grant(7, 30, at(0));
        lessor.grant(-3, 20, at(0));
        lessor.grant(5, 10, at(0));
        assertThat(lessor.leases()).containsExactly(-3, 5, 7);
        lessor.promote(at(0), 0);
        assertThat(lessor.leases()).containsExactly(5, -3, 7);
        lessor.renew(5, at(19));
        lessor.renew(-3, at(18));
        assertThat(lessor.leases()).containsExactly(5, 7, -3);
    }

    @Test
    void shouldLoadLeasesOfTheTable() throws LeaseException {
        lessor.grant(1, 60, at(0));
        lessor.grant(2, 600, at(0));
        lessor.checkpoint(2, 100, at(0));
        lessor.grant(3, 600, at(0));
        lessor.revoke(3);
        lessor.attach(1, key("stale"));

        // With a longer election timeout, short leases are prolonged.
        Lessor restarted = new Lessor(tables, LessorOptions.forElection(1000, 100), sink, at(50));
        restarted.restore();
        assertThat(restarted.leases()).containsExactly(1, 2);
        restarted.attachedAll();
        assertThat(restarted.attachedKeys(1)).isEmpty();
        restarted.attach(1, key("a"));
        restarted.promote(at(50), 0);
        assertThat(restarted.timeToLive(1, at(50))).isEqualTo(new TimeToLive(150, 150));
        assertThat(restarted.timeToLive(2, at(50))).isEqualTo(new TimeToLive(100, 600));

        restarted.restore();
        assertThat(restarted.isPrimary()).isFalse();
        restarted.attachedAll();
        assertThat(restarted.attachedKeys(1)).isEmpty();
        assertThat(restarted.size()).isEqualTo(2);
    }

    @Test
    void shouldRefuseDamagedTable() {
        tables.put(Table.LEASE, LeaseFormat.key(1), LeaseFormat.value(2, 60, 0));
        assertThatThrownBy(lessor::restore)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("0000000000000001");
        tables.put(Table.LEASE, LeaseFormat.key(1), ByteString.copyFrom(new byte[] {8}));
        assertThatThrownBy(lessor::restore)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is not a lease");
    }

    @Test
    void shouldSpreadManyExpiriesAfterPromotion() throws LeaseException {
        int count = 3000;
        for (int i = 1; i <= count; i++) {
            lessor.grant(i, i % 2 == 0 ? 10 : 11, at(0));
        }
        lessor.promote(at(0), SECONDS.toNanos(1));
        int[] perSecond = new int[20];
        for (int i = 1; i <= count; i++) {
            perSecond[(int) lessor.timeToLive(i, at(0)).remainingSeconds()]++;
        }
        // 1500 with 10 s take two seconds from the 11th on, and push the others back.
        assertThat(perSecond).startsWith(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 751, 750, 750, 749, 0);
        long[] order = lessor.leases();
        for (int i = 0; i < count; i++) {
            assertThat(order[i] % 2 == 0).isEqualTo(i < count / 2);
        }
    }

    @Test
    void shouldNotSpreadFewExpiries() throws LeaseException {
        for (int i = 1; i < Lessor.SPREAD_FROM_LEASES; i++) {
            lessor.grant(i, 10, at(0));
        }
        lessor.promote(at(0), 0);
        for (int i = 1; i < Lessor.SPREAD_FROM_LEASES; i++) {
            assertThat(lessor.timeToLive(i, at(0)).remainingSeconds()).isEqualTo(10);
        }
    }

    @Test
    void shouldAskForCheckpointsOfLongLeasesEachInterval() throws LeaseException {
        Lessor lessor = new Lessor(
                tables, OPTIONS.withCheckpointInterval(LessorOptions.DEFAULT_CHECKPOINT_INTERVAL_SECONDS), sink, at(0));
        lessor.promote(at(0), 0);
        lessor.grant(1, 1000, at(0));
        lessor.grant(2, 300, at(0));
        run(lessor, 0, 299);
        assertThat(sink.checkpoints).isEmpty();
        run(lessor, 299, 302);
        assertThat(sink.checkpoints).hasSize(1);
        RecordingSink.Checkpoint first = sink.checkpoints.get(0);
        assertThat(first.lease()).isEqualTo(1);
        assertThat(first.remainingSeconds()).isBetween(699L, 700L);
        assertThat(sink.takeRevocations()).containsExactly(2L);
        lessor.revoke(2);

        // The proposal was lost: it is asked for again an interval later.
        run(lessor, 302, 604);
        assertThat(sink.checkpoints).hasSize(2);
        assertThat(sink.checkpoints.get(1).remainingSeconds()).isBetween(396L, 400L);
        lessor.checkpoint(1, 398, at(604));
        // A keep-alive has to erase it first.
        assertThat(lessor.renew(1, at(605)).state()).isEqualTo(Renewal.State.CHECKPOINTED);
        lessor.checkpoint(1, 0, at(605));
        assertThat(lessor.renew(1, at(605)).state()).isEqualTo(Renewal.State.RENEWED);
        assertThat(lessor.timeToLive(1, at(605)).remainingSeconds()).isEqualTo(1000);
        sink.checkpoints.clear();
        run(lessor, 605, 907);
        assertThat(sink.checkpoints).hasSize(1);
        lessor.checkpoint(1, 698, at(907));

        // The next primary goes on from what is written down.
        lessor.promote(at(1000), 0);
        assertThat(lessor.timeToLive(1, at(1000))).isEqualTo(new TimeToLive(698, 1000));
        // A remainder within the interval is not written down any more.
        lessor.checkpoint(1, 200, at(1500));
        sink.checkpoints.clear();
        run(lessor, 1500, 1697);
        assertThat(sink.checkpoints).isEmpty();
        run(lessor, 1697, 1700);
        assertThat(sink.takeRevocations()).containsExactly(1L);
    }

    @Test
    void shouldNeverAskForCheckpointsUnlessTurnedOn() throws LeaseException {
        lessor.promote(at(0), 0);
        lessor.grant(1, 1000, at(0));
        run(lessor, 0, 900);
        assertThat(sink.checkpoints).isEmpty();
        // Another member's checkpoint does not stop renewals here.
        lessor.checkpoint(1, 100, at(900));
        assertThat(lessor.renew(1, at(900)).state()).isEqualTo(Renewal.State.RENEWED);
        lessor.checkpoint(77, 100, at(900));
        assertThat(lessor.exists(77)).isFalse();
    }

    @Test
    void shouldPostponeCheckpointsThatTheSinkRefuses() throws LeaseException {
        Lessor lessor = new Lessor(tables, OPTIONS.withCheckpointInterval(10), sink, at(0));
        lessor.promote(at(0), 0);
        int count = Lessor.CHECKPOINTS_PER_SCAN + 500;
        for (int i = 1; i <= count; i++) {
            lessor.grant(i, 1000, at(0));
        }
        assertThat(lessor.doWork(at(11))).isEqualTo(Lessor.CHECKPOINTS_PER_SCAN);
        sink.takesWhenHolding = held -> false;
        assertThat(lessor.doWork(at(12))).isZero();
        sink.takesWhenHolding = held -> true;
        assertThat(lessor.doWork(at(13))).isEqualTo(500);
        assertThat(sink.checkpoints).extracting(RecordingSink.Checkpoint::lease).doesNotHaveDuplicates();
    }

    private static void run(Lessor lessor, long fromSeconds, long toSeconds) {
        for (long nanos = at(fromSeconds); nanos - at(toSeconds) < 0; nanos += MILLISECONDS.toNanos(250)) {
            lessor.doWork(nanos);
        }
    }

    @Test
    void shouldChoosePositiveIdThatIsFree() throws LeaseException {
        lessor.grant(5, 10, at(0));
        Iterator<Long> candidates =
                List.of(0L, Long.MIN_VALUE, 5L, 5L | Long.MIN_VALUE, -1L).iterator();
        assertThat(lessor.freeId(candidates::next)).isEqualTo(Long.MAX_VALUE);
        assertThatThrownBy(() -> lessor.freeId(() -> 5)).isInstanceOf(IllegalStateException.class);
    }

    private interface Call {
        void run() throws LeaseException;
    }

    private static void assertRefused(Reason reason, Call call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        LeaseException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }
}
