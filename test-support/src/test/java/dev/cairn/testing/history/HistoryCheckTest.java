package dev.cairn.testing.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: what is right passes, whichever order the answers leave open; what is wrong does not. */
class HistoryCheckTest {
    private static final Request.Range ALL = new Request.Range("a", "z");

    /**
     * Two deletions of unknown outcome, of which one made revision 4, and an answer that says only that there is such a revision.
     */
    private static final List<Operation> OPEN = List.of(
            answered(0, new Request.Put("a", "1", 0), 1, 2, new Response(2, new Response.Done())),
            answered(0, new Request.Put("b", "1", 0), 3, 4, new Response(3, new Response.Done())),
            unknown(1, new Request.Delete("a", null), 5),
            unknown(2, new Request.Delete("b", null), 6),
            answered(0, new Request.Put("c", "1", 0), 7, 8, new Response(5, new Response.Done())));

    private static Operation answered(int client, Request request, long from, long to, Response response) {
        return new Operation(client, request, from, to, response);
    }

    private static Operation unknown(int client, Request request, long from) {
        return Operation.unknown(client, request, from);
    }

    private static KeyValue first(String key, long revision) {
        return new KeyValue(key, "1", revision, revision, 1, 0);
    }

    private static HistoryCheck.LateRead late(long revision, KeyValue... found) {
        return new HistoryCheck.LateRead(ALL, revision, List.of(found));
    }

    @Test
    void shouldBelieveALateReadThatDecidesWhichRequestHadAnEffect() {
        for (String left : List.of("a", "b")) {
            KeyValue stays = first(left, left.equals("a") ? 2 : 3);
            assertThat(HistoryCheck.check(OPEN, List.of(late(5, stays, first("c", 5))), List.of(), List.of()))
                    .as("%s stays", left)
                    .isNull();
        }
    }

    @Test
    void shouldNotBelieveLateReadsThatContradictEachOther() {
        KeyValue a = first("a", 2);
        KeyValue b = first("b", 3);
        assertThat(HistoryCheck.check(OPEN, List.of(late(4, a), late(5, b, first("c", 5))), List.of(), List.of()))
                .startsWith("serializable read");
        assertThat(HistoryCheck.check(OPEN, List.of(late(5, a, b, first("c", 5))), List.of(), List.of()))
                .startsWith("serializable read");
    }

    @Test
    void shouldBelieveAWatcherThatWasToldOfNothing() {
        for (String key : List.of("a", "b")) {
            // A progress notice of 5 and no event behind the first: the deletion was of the other key.
            WatchGuarantees.Watcher watcher =
                    new WatchGuarantees.Watcher(key, null, 4, false, List.of(new WatchGuarantees.Told(5, List.of())));
            assertThat(HistoryCheck.check(OPEN, List.of(), List.of(watcher), List.of()))
                    .as("%s was not deleted", key)
                    .isNull();
        }
    }

    @Test
    void shouldNotBelieveAWatcherThatMissedAnEvent() {
        List<WatchGuarantees.Watcher> both = List.of(
                new WatchGuarantees.Watcher("a", null, 4, false, List.of(new WatchGuarantees.Told(5, List.of()))),
                new WatchGuarantees.Watcher("b", null, 4, false, List.of(new WatchGuarantees.Told(5, List.of()))));
        assertThat(HistoryCheck.check(OPEN, List.of(), both, List.of())).startsWith("watch of");
    }
}
