package dev.cairn.testing.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.testing.history.Request.Compare;
import dev.cairn.testing.history.Request.Delete;
import dev.cairn.testing.history.Request.Grant;
import dev.cairn.testing.history.Request.Put;
import dev.cairn.testing.history.Request.Range;
import dev.cairn.testing.history.Request.Revoke;
import dev.cairn.testing.history.Request.Txn;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The checker finds what is wrong, and nothing where nothing is. */
class LinearizabilityTest {
    private static final Response.Done DONE = new Response.Done();

    private final List<Operation> history = new ArrayList<>();

    private void op(long called, long returned, Request request, long revision, Response.Result result) {
        history.add(new Operation(1, request, called, returned, new Response(revision, result)));
    }

    private void unknown(long called, Request request) {
        history.add(Operation.unknown(2, request, called));
    }

    private static Response.Found found(KeyValue... keyValues) {
        return new Response.Found(List.of(keyValues));
    }

    private static KeyValue kv(String key, String value, long create, long mod, long version) {
        return new KeyValue(key, value, create, mod, version, 0);
    }

    private Linearizability.Verdict check(Event... seen) {
        return Linearizability.check(history, List.of(seen));
    }

    private void assertHolds(Event... seen) {
        assertThat(check(seen).violation()).isNull();
    }

    private void assertFails(Event... seen) {
        assertThat(check(seen).violation()).startsWith("not linearizable");
    }

    @Test
    void shouldAcceptRequestsThatOverlapInAnyOrder() {
        op(0, 10, new Put("a", "1"), 3, DONE);
        op(0, 10, new Put("a", "2"), 2, DONE);
        op(1, 9, new Range("a"), 2, found(kv("a", "2", 2, 2, 1)));
        op(11, 12, new Range("a"), 3, found(kv("a", "1", 2, 3, 2)));
        assertHolds();
    }

    @Test
    void shouldRefuseAReadThatIsLate() {
        op(0, 1, new Put("a", "1"), 2, DONE);
        op(2, 3, new Put("a", "2"), 3, DONE);
        op(4, 5, new Range("a"), 2, found(kv("a", "1", 2, 2, 1)));
        assertFails();
    }

    @Test
    void shouldRefuseAReadOfTheFuture() {
        op(0, 1, new Range("a"), 2, found(kv("a", "1", 2, 2, 1)));
        op(2, 3, new Put("a", "1"), 2, DONE);
        assertFails();
    }

    @Test
    void shouldRefuseALostWrite() {
        op(0, 1, new Put("a", "1"), 2, DONE);
        op(2, 3, new Range("a"), 1, found());
        assertFails();
    }

    @Test
    void shouldRefuseOneRevisionForTwoWrites() {
        op(0, 10, new Put("a", "1"), 2, DONE);
        op(0, 10, new Put("b", "1"), 2, DONE);
        assertFails();
    }

    @Test
    void shouldRefuseARevisionThatNobodyMade() {
        op(0, 1, new Put("a", "1"), 2, DONE);
        op(2, 3, new Put("a", "2"), 4, DONE);
        assertFails();
    }

    @Test
    void shouldRefuseAWrongVersion() {
        op(0, 1, new Put("a", "1"), 2, DONE);
        op(2, 3, new Range("a"), 2, found(kv("a", "1", 2, 2, 2)));
        assertFails();
    }

    @Test
    void shouldLetAnUnknownWriteHappenAtAnyTimeOrNever() {
        unknown(0, new Put("a", "x"));
        op(1, 2, new Put("a", "1"), 2, DONE);
        assertHolds();

        op(3, 4, new Put("a", "2"), 4, DONE);
        assertHolds();

        op(5, 6, new Range("a"), 4, found(kv("a", "2", 2, 4, 3)));
        assertHolds();
    }

    @Test
    void shouldNotLetAnUnknownWriteHappenTwice() {
        unknown(0, new Put("a", "x"));
        op(1, 2, new Put("b", "1"), 2, DONE);
        op(3, 4, new Put("b", "2"), 5, DONE);
        assertFails();
    }

    @Test
    void shouldNotLetAnUnknownWriteHappenBeforeItWasCalled() {
        op(0, 1, new Range("a"), 2, found(kv("a", "x", 2, 2, 1)));
        unknown(2, new Put("a", "x"));
        assertFails();
    }

    @Test
    void shouldFindWhichUnknownWritesHappened() {
        for (int i = 0; i < 30; i++) {
            unknown(0, new Put("a", "x" + i));
        }
        op(1, 2, new Put("b", "1"), 5, DONE);
        op(3, 4, new Range("a"), 5, found(kv("a", "x7", 2, 4, 3)));
        assertHolds();

        op(5, 6, new Range("a"), 5, found(kv("a", "x8", 2, 4, 3)));
        assertFails();
    }

    @Test
    void shouldTakeWhatWatchersSawForTrue() {
        unknown(0, new Put("a", "x"));
        unknown(0, new Put("a", "y"));
        op(1, 2, new Put("b", "1"), 3, DONE);
        assertHolds(new Event("a", 2, kv("a", "y", 2, 2, 1), null));
        assertThat(check(new Event("a", 2, kv("a", "y", 2, 2, 1), null))
                        .order()
                        .get(0)
                        .request())
                .isEqualTo(new Put("a", "y"));
        assertFails(new Event("a", 2, kv("a", "z", 2, 2, 1), null));
    }

    @Test
    void shouldUnderstandTransactions() {
        Request swap = new Txn(
                List.of(new Compare("a", 2, null)),
                List.of(new Put("a", "2"), new Delete("b")),
                List.of(new Range("a")));
        op(0, 1, new Put("a", "1"), 2, DONE);
        op(2, 3, new Put("b", "1"), 3, DONE);
        op(4, 5, swap, 4, new Response.Decided(true, List.of(DONE, new Response.Deleted(1))));
        op(6, 7, swap, 4, new Response.Decided(false, List.of(found(kv("a", "2", 2, 4, 2)))));
        assertHolds();

        // Both cannot win.
        op(8, 9, swap, 5, new Response.Decided(true, List.of(DONE, new Response.Deleted(0))));
        assertFails();
    }

    @Test
    void shouldNotLetALeaseEndTooEarly() {
        op(0, 1, new Grant(7), 1, DONE);
        op(2, 3, new Put("a", "1", 7), 2, DONE);
        unknown(100, new Revoke(7));
        op(101, 102, new Range("a"), 3, found());
        assertHolds();

        history.remove(history.size() - 1);
        op(98, 99, new Range("a"), 3, found());
        assertFails();
    }

    @Test
    void shouldRefuseALeaseThatIsNotThereOnlyIfItMayHaveEnded() {
        op(0, 1, new Grant(7), 1, DONE);
        op(2, 3, new Put("a", "1", 7), 0, new Response.LeaseRefused());
        assertFails();

        unknown(1, new Revoke(7));
        assertHolds();
    }

    @Test
    void shouldJudgeRandomHistoriesRight() {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Operation> sound = RandomHistory.of(random, 60);
            Linearizability.Verdict verdict = Linearizability.check(sound, List.of());
            assertThat(verdict.violation()).as("seed %s", seed).isNull();

            List<Operation> unsound = RandomHistory.withLateRead(sound);
            assertThat(Linearizability.check(unsound, List.of()).violation())
                    .as("late read of seed %s", seed)
                    .startsWith("not linearizable");
        }
    }
}
