package dev.cairn.bench.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The list of works, their targets, and how much of them is done. */
class WorksTest {
    private static final Plan WHOLE = new Plan(1, 10, 15, 20);

    @Test
    void shouldNameEachWorkOnce() {
        List<String> names = Works.all().stream().map(Work::name).toList();
        assertThat(names).doesNotHaveDuplicates();
        for (String name : names) {
            assertThat(Works.named(name)).isPresent();
        }
        assertThat(Works.named("nothing")).isEmpty();
    }

    @Test
    void shouldHaveWorksInEveryGroup() {
        for (Group group : Group.values()) {
            assertThat(Works.usual()).as(group.label()).anyMatch(work -> work.group() == group);
        }
    }

    @Test
    void shouldKeepWhatTakesLongForThoseWhoNameIt() {
        Work large = Works.named("restart with 8 million keys").orElseThrow();
        assertThat(Works.all()).contains(large);
        assertThat(Works.usual()).doesNotContain(large);
    }

    @Test
    void shouldTakeLessTimeForAShare() {
        Plan share = new Plan(50, 10, 15, 20);
        for (Work work : Works.all()) {
            assertThat(work.seconds(share)).as(work.name()).isPositive().isLessThanOrEqualTo(work.seconds(WHOLE));
        }
    }

    @Test
    void shouldJudgeByTheSideThatIsBetter() {
        Target more = Target.ratio(Figures.THROUGHPUT, 2);
        assertThat(more.met(1, 2)).isTrue();
        assertThat(more.met(5, 1.99)).isFalse();
        Target less = Target.ours(Figures.START, 500);
        assertThat(less.met(500, 9)).isTrue();
        assertThat(less.met(501, 0.1)).isFalse();
        assertThat(less.met(Double.NaN, 0.1)).isFalse();
        assertThat(more.text()).isEqualTo("throughput ≥ 2");
        assertThat(less.text()).isEqualTo("start ≤ 500 ms");
        assertThat(Target.ratio(Figures.CPU, 0.35).stretchedTo(0.2).text())
                .isEqualTo("CPU for 100k ≤ 0.35 (stretch 0.2)");
    }

    @Test
    void shouldTakeAShareOfEverythingButTheWarmUp() {
        Plan plan = new Plan(5, 10, 15, 20);
        assertThat(plan.count(12)).isEqualTo(2);
        assertThat(plan.count(3)).isEqualTo(1);
        assertThat(plan.closed()).isEqualTo(2);
        assertThat(plan.open()).isEqualTo(3);
        assertThat(plan.warmUpSeconds()).isEqualTo(20);
        assertThat(plan.clientWarmUp()).isEqualTo(3);
        Plan cold = new Plan(1, 10, 15, 0);
        assertThat(cold.cold()).isTrue();
        assertThat(cold.clientWarmUp()).isZero();
    }

    @Test
    void shouldTellQuantiles() {
        assertThat(Quantiles.median(4, 1, 2, 3)).isEqualTo(2.5);
        assertThat(Quantiles.median(List.of(3.0, 1.0, 2.0))).isEqualTo(2);
        List<Double> ten = List.of(10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0);
        assertThat(Quantiles.percentile(ten, 50)).isEqualTo(5);
        assertThat(Quantiles.percentile(ten, 90)).isEqualTo(9);
        assertThat(Quantiles.percentile(ten, 99)).isEqualTo(10);
        assertThat(Quantiles.percentile(ten, 100)).isEqualTo(10);
        assertThat(Quantiles.percentile(List.of(7.0), 50)).isEqualTo(7);
    }

    @Test
    void shouldRefuseAFigureTwice() {
        Sample sample = new Sample().add(Figures.START, 1);
        assertThatThrownBy(() -> sample.add(Figures.START, 2)).isInstanceOf(IllegalArgumentException.class);
    }
}
