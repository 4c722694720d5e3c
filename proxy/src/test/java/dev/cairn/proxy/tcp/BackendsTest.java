package dev.cairn.proxy.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BackendsTest {
    private static Backend backend(String host, int priority, int weight) {
        return new Backend(host, 2379, priority, weight);
    }

    private static List<String> choose(Backends backends, int count) {
        List<String> chosen = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Backend next = backends.next();
            chosen.add(next == null ? "none" : next.host());
        }
        return chosen;
    }

    @Test
    void shouldTakeTurns() {
        Backends backends = new Backends(List.of(backend("a", 0, 0), backend("b", 0, 0), backend("c", 0, 0)));

        assertThat(choose(backends, 6)).containsExactly("a", "b", "c", "a", "b", "c");
    }

    @Test
    void shouldLeaveOutWhatIsNotActive() {
        Backend b = backend("b", 0, 0);
        Backends backends = new Backends(List.of(backend("a", 0, 0), b, backend("c", 0, 0)));
        b.setActive(false);

        assertThat(choose(backends, 4)).doesNotContain("b").contains("a", "c");
        b.setActive(true);
        assertThat(choose(backends, 3)).containsExactlyInAnyOrder("a", "b", "c");
    }

    @Test
    void shouldUseTheBestPriorityThatIsActive() {
        Backend first = backend("first", 1, 0);
        Backend second = backend("second", 2, 5);
        Backends backends = new Backends(List.of(second, first));

        assertThat(choose(backends, 3)).containsOnly("first");
        first.setActive(false);
        assertThat(choose(backends, 3)).containsOnly("second");
        second.setActive(false);
        assertThat(choose(backends, 1)).containsExactly("none");
    }

    @Test
    void shouldShareByWeight() {
        Backends backends = new Backends(
                List.of(backend("heavy", 0, 30), backend("light", 0, 10), backend("rare", 0, 0)),
                new Random(3)::nextInt);

        Map<String, Integer> counts = new HashMap<>();
        choose(backends, 10_000).forEach(host -> counts.merge(host, 1, Integer::sum));
        assertThat(counts.get("heavy")).isBetween(7_000, 7_900);
        assertThat(counts.get("light")).isBetween(2_100, 2_900);
        assertThat(counts.get("rare")).isBetween(40, 200);
    }
}
