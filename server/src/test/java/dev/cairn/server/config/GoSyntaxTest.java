package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.testing.Seed;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoSyntaxTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0s",
        "1h, 1h0m0s",
        "1m, 1m0s",
        "90s, 1m30s",
        "1.5s, 1.5s",
        "100ms, 100ms",
        "1h2m3.5s, 1h2m3.5s",
        "-1s, -1s",
        "10us, 10\u00b5s",
        "1500\u00b5s, 1.5ms",
        "7ns, 7ns",
        ".5h, 30m0s",
        "1.h, 1h0m0s",
        "1.000000001s, 1.000000001s",
        "0.1ms, 100\u00b5s",
        "0.9ns0.9ns, 0s",
        "2h, 2h0m0s"
    })
    void shouldReadAndPrintDurations(String text, String printed) throws ConfigException {
        assertThat(GoSyntax.format(GoSyntax.duration(text))).isEqualTo(printed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "s", "1x", "1..2s", ".s", "+", "-", "1s2", "3000000h", "1 s", "--1s"})
    void shouldRefuseOtherDurations(String text) {
        assertThatThrownBy(() -> GoSyntax.duration(text)).isInstanceOf(ConfigException.class);
    }

    @Test
    void shouldReadBackWhatItPrints() throws ConfigException {
        long seed = Seed.choose();
        Random random = new Random(seed);
        for (int i = 0; i < 2_000; i++) {
            Duration duration = Duration.ofNanos(random.nextLong() >> random.nextInt(63));
            assertThat(GoSyntax.duration(GoSyntax.format(duration)))
                    .as("seed %d", seed)
                    .isEqualTo(duration);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "0x", "0xg", "08", "_1", "1_", "1__2", "0b2", "--1", "+-1", "1e3", " 1"})
    void shouldRefuseOtherNumbers(String text) {
        assertThatThrownBy(() -> GoSyntax.signed(text)).hasMessage("parse error");
    }

    @Test
    void shouldKnowTheRangeOfNumbers() throws ConfigException {
        assertThat(GoSyntax.signed("-9223372036854775808")).isEqualTo(Long.MIN_VALUE);
        assertThat(GoSyntax.unsigned("18446744073709551615")).isEqualTo(Long.MAX_VALUE);
        assertThatThrownBy(() -> GoSyntax.unsigned("18446744073709551616")).hasMessage("value out of range");
        assertThatThrownBy(() -> GoSyntax.signed("9".repeat(1_000_000))).hasMessage("value out of range");
        assertThat(GoSyntax.signed("0b101")).isEqualTo(5);
        assertThat(GoSyntax.signed("0o17")).isEqualTo(15);
        assertThat(GoSyntax.signed("0x_ff")).isEqualTo(255);
    }
}
