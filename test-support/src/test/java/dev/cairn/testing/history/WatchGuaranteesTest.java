package dev.cairn.testing.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.testing.history.Request.Delete;
import dev.cairn.testing.history.Request.Put;
import dev.cairn.testing.history.Request.Txn;
import dev.cairn.testing.history.WatchGuarantees.Told;
import dev.cairn.testing.history.WatchGuarantees.Watcher;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each promise that is broken is noticed. */
class WatchGuaranteesTest {
    private static final KeyValue A2 = new KeyValue("a", "1", 2, 2, 1, 0);
    private static final KeyValue A3 = new KeyValue("a", "2", 2, 3, 2, 0);
    private static final KeyValue B3 = new KeyValue("b", "2", 3, 3, 1, 0);
    private static final Event FIRST = new Event("a", 2, A2, null);
    private static final Event SECOND = new Event("a", 3, A3, A2);
    private static final Event BESIDE = new Event("b", 3, B3, null);
    private static final Event THIRD = new Event("a", 4, null, A3);

    private final Revisions revisions = Revisions.of(List.of(
            operation(new Put("a", "1")),
            operation(new Txn(List.of(), List.of(new Put("a", "2"), new Put("b", "2")), List.of())),
            operation(new Delete("a"))));

    private static Operation operation(Request request) {
        return Operation.unknown(1, request, 0);
    }

    private List<String> check(Told... told) {
        return WatchGuarantees.check(new Watcher("a", "c", 1, true, List.of(told)), revisions);
    }

    private static Told told(long revision, Event... events) {
        return new Told(revision, List.of(events));
    }

    @Test
    void shouldAcceptWhatEtcdDoes() {
        assertThat(check(told(2, FIRST), told(4, SECOND, BESIDE, THIRD), told(4)))
                .isEmpty();
        assertThat(check(told(4, FIRST, SECOND, BESIDE), told(3), told(4, THIRD)))
                .isEmpty();
        assertThat(check()).isEmpty();
    }

    @Test
    void shouldNoticeWrongOrder() {
        assertThat(check(told(3, SECOND, BESIDE), told(3, FIRST))).anyMatch(text -> text.startsWith("order"));
        assertThat(check(told(3, SECOND, BESIDE, FIRST))).anyMatch(text -> text.startsWith("order"));
    }

    @Test
    void shouldNoticeWhatComesTwice() {
        assertThat(check(told(2, FIRST), told(2, FIRST))).anyMatch(text -> text.startsWith("order, uniqueness"));
    }

    @Test
    void shouldNoticeASplitRevision() {
        assertThat(check(told(2, FIRST), told(3, SECOND), told(3, BESIDE)))
                .anyMatch(text -> text.startsWith("order, uniqueness or atomicity"));
    }

    @Test
    void shouldNoticeWhatIsMissing() {
        assertThat(check(told(4, FIRST, THIRD))).anyMatch(text -> text.startsWith("reliability"));
        assertThat(check(told(3, FIRST, SECOND))).anyMatch(text -> text.startsWith("reliability"));
    }

    @Test
    void shouldNoticeAProgressNoticeThatIsTooEarly() {
        assertThat(check(told(2, FIRST), told(3), told(3, SECOND, BESIDE))).isNotEmpty();
        assertThat(check(told(2, FIRST), told(4))).anyMatch(text -> text.startsWith("reliability"));
    }

    @Test
    void shouldNoticeAWrongPreviousValue() {
        assertThat(check(told(3, FIRST, new Event("a", 3, A3, null), BESIDE)))
                .anyMatch(text -> text.startsWith("reliability"));
    }

    @Test
    void shouldNoticeAHeaderBehindItsEvents() {
        assertThat(check(told(1, FIRST))).anyMatch(text -> text.startsWith("header"));
    }

    @Test
    void shouldNoticeAWrongOldRead() {
        Request.Range a = new Request.Range("a");
        assertThat(revisions.checkRead(a, 3, List.of(A3))).isNull();
        assertThat(revisions.checkRead(a, 4, List.of())).isNull();
        assertThat(revisions.checkRead(a, 4, List.of(A3))).isNotNull();
        assertThat(revisions.checkRead(a, 5, List.of())).contains("never was");
    }
}
