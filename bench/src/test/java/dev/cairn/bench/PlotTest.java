package dev.cairn.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** A bar begins at one, and reaches as far as its ratio is from it. */
class PlotTest {
    @Test
    void shouldDrawTwiceAndHalfEquallyLong() {
        Plot plot = new Plot("a & b", List.of("more", "less"));
        plot.add("first <", List.of(2.0, 0.5));
        assertThat(plot.svg())
                .contains("a &amp; b", "first &lt;", ">2.00</text>", ">0.50</text>")
                // The scale is from a half to two, so that one is in the middle of its 600.
                .contains("<rect x=\"630\" y=\"85\" width=\"300\"")
                .contains("<rect x=\"330\" y=\"96\" width=\"300\"");
    }

    @Test
    void shouldLeaveOutWhatHasNoRatio() {
        Plot plot = new Plot("title", List.of("one", "two"));
        plot.add("nothing", List.of(Double.NaN, Double.POSITIVE_INFINITY));
        plot.add("something", List.of(Double.NaN, 1.5));
        assertThat(plot.svg()).contains("something", ">1.50</text>").doesNotContain("nothing", "NaN", "Infinity");
    }

    @Test
    void shouldHaveAColourForEachSeries() {
        assertThatThrownBy(() -> new Plot("title", List.of("1", "2", "3", "4")))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
