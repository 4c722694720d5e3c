package dev.cairn.lease;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.Table;
import dev.cairn.mvcc.Tables;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class LessorScaleTest {
    private static final int MILLION = 1_000_000;

    /** Takes every write and keeps none, so that only the lessor's own memory is measured. */
    private static final class NoTables implements Tables {
        @Override
        public @Nullable ByteString get(Table table, ByteString key) {
            return null;
        }

        @Override
        public void put(Table table, ByteString key, ByteString value) {}

        @Override
        public void delete(Table table, ByteString key) {}

        @Override
        public void forEach(Table table, BiConsumer<ByteString, ByteString> consumer) {}
    }

    /** Goal: a million leases cost little memory and no operation grows with their number. The figures are printed. */
    @Test
    void shouldHoldMillionLeases() throws LeaseException {
        RecordingSink sink = new RecordingSink();
        Lessor lessor = new Lessor(new NoTables(), new LessorOptions(2, 0), sink, 0);
        long before = usedBytes();
        lessor.promote(0, 0);
        long granting = System.nanoTime();
        for (long id = 1; id <= MILLION; id++) {
            lessor.grant(id, 60 + id % 60, 0);
        }
        granting = System.nanoTime() - granting;
        long bytesPerLease = (usedBytes() - before) / MILLION;

        long renewing = System.nanoTime();
        for (long id = 1; id <= MILLION; id++) {
            lessor.renew(id, SECONDS.toNanos(30));
        }
        renewing = System.nanoTime() - renewing;

        // A minute of life, in which every lease is renewed at its third: the duty re-files them as their slots come
        // up.
        long duty = 0;
        long longest = 0;
        for (int millis = 30_000; millis < 90_000; millis += 500) {
            long now = MILLISECONDS.toNanos(millis);
            for (long id = 1L + millis / 500 % 40; id <= MILLION; id += 40) {
                lessor.renew(id, now);
            }
            long scan = System.nanoTime();
            assertThat(lessor.doWork(now)).isZero();
            scan = System.nanoTime() - scan;
            duty += scan;
            longest = Math.max(longest, scan);
        }

        long promoting = System.nanoTime();
        lessor.promote(SECONDS.toNanos(90), SECONDS.toNanos(1));
        promoting = System.nanoTime() - promoting;

        long expiring = System.nanoTime();
        long revoked = 0;
        long now = SECONDS.toNanos(90);
        for (int scans = 0; revoked < MILLION; scans++) {
            assertThat(scans).as("scans for %d revocations", revoked).isLessThan(4000);
            now += MILLISECONDS.toNanos(500);
            lessor.doWork(now);
            for (long id : sink.takeRevocations()) {
                lessor.revoke(id);
                revoked++;
            }
        }
        expiring = System.nanoTime() - expiring;
        assertThat(lessor.size()).isZero();
        System.out.printf(
                "a million leases: %d bytes each; grant %d ns, renew %d ns; a minute's expiry duty with all renewed each"
                        + " 20 s %d ms (longest scan %d ms); promotion %d ms; expiry and revocation %d ns each, all within"
                        + " %d s of the promotion%n",
                bytesPerLease,
                granting / MILLION,
                renewing / MILLION,
                millis(duty),
                millis(longest),
                millis(promoting),
                expiring / MILLION,
                SECONDS.convert(now, java.util.concurrent.TimeUnit.NANOSECONDS) - 90);
        assertThat(bytesPerLease).isLessThan(180);
    }

    private static long millis(long nanos) {
        return nanos / 1_000_000;
    }

    /** The live heap: the least of several looks after a collection. */
    private static long usedBytes() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
        }
        return least;
    }
}
