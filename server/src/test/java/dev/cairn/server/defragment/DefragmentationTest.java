package dev.cairn.server.defragment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.logging.HumanBytes;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DefragmentationTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "9, 9 B",
        "82, 82 B",
        "999, 999 B",
        "1000, 1.0 kB",
        "20480, 20 kB",
        "1048576, 1.0 MB",
        "9949999, 9.9 MB",
        "25000000, 25 MB",
        "2147483648, 2.1 GB",
        "9223372036854775807, 9.2 EB",
    })
    void shouldWriteSizesAsEtcdDoes(long bytes, String text) {
        assertThat(HumanBytes.text(bytes)).isEqualTo(text);
    }
}
