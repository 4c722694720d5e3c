package dev.cairn.server.logging;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HumanBytesTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "9, 9 B",
        "10, 10 B",
        "1000, 1.0 kB",
        "1049, 1.0 kB",
        "1050, 1.1 kB",
        "9949, 9.9 kB",
        "9950, 10 kB",
        "10500, 10 kB",
        "11500, 12 kB",
        "999999, 1000 kB",
        "82854982, 83 MB",
        "2147483648, 2.1 GB",
        "8589934592, 8.6 GB",
        "9223372036854775807, 9.2 EB"
    })
    void shouldTellSizesAsEtcdDoes(long bytes, String text) {
        assertThat(HumanBytes.text(bytes)).isEqualTo(text);
    }
}
