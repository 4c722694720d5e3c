package dev.cairn.failpoint;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {
    private static Argument text(String text) {
        return new Argument(Argument.Kind.TEXT, text);
    }

    private static Argument number(String text) {
        return new Argument(Argument.Kind.NUMBER, text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1s, 1000000000",
        "1.5s, 1500000000",
        ".5s, 500000000",
        "1.s, 1000000000",
        "1m0s, 60000000000",
        "1h1m1s1ms1us1ns, 3661001001001",
        "2µs, 2000",
        "2μs, 2000",
        "+1ms, 1000000",
        "-1ms, 0",
        "25h, 86400000000000",
        "9999999999999999999999999h, 86400000000000",
    })
    void shouldReadGoDurations(String text, long nanos) {
        assertThat(Durations.nanos(text(text))).as(text).hasValue(nanos);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "s", "1 s", "1s ", "1d", ".s", "--1s", "1s-1s", "+", "0x1s", "١s"})
    void shouldRefuseWhatIsNone(String text) {
        assertThat(Durations.nanos(text(text))).as(text).isEmpty();
    }

    @Test
    void shouldTakeNumbersAsMilliseconds() {
        assertThat(Durations.nanos(number("100"))).hasValue(100_000_000L);
        assertThat(Durations.nanos(number("-100"))).hasValue(0);
        assertThat(Durations.nanos(number("999999999999999999"))).hasValue(Durations.NANOS_MAX);
        assertThat(Durations.nanos(Argument.NONE)).isEmpty();
        assertThat(Durations.nanos(new Argument(Argument.Kind.FLAG, "true"))).isEmpty();
    }
}
