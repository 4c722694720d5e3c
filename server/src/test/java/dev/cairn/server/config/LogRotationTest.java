package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The expected texts were observed on etcd 3.7.1. */
class LogRotationTest {
    @Test
    void shouldReadTheSettings() throws ConfigException {
        assertThat(
                        LogRotation.parse(
                                "{\"maxsize\": 5, \"MaxAge\": 2, \"maxbackups\": null, \"localtime\": true, \"other\": [1, {}]}"))
                .isEqualTo(new LogRotation(5, 2, 0, true, false));
        assertThat(LogRotation.parse(Options.LOG_ROTATION_CONFIG_JSON.defaultText))
                .isEqualTo(new LogRotation(100, 0, 0, false, false));
        assertThat(LogRotation.parse("null").megabytesMax()).isEqualTo(100);
        assertThat(LogRotation.parse(" {} ").megabytesMax()).isEqualTo(100);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "{ | improperly formatted log rotation config: unexpected end of JSON input",
                "{} x | improperly formatted log rotation config: invalid character 'x' after top-level value",
                "{a | improperly formatted log rotation config: invalid character 'a' looking for beginning of object key string",
                "{\"a\" 1} | improperly formatted log rotation config: invalid character '1' after object key",
                "{\"a\":1 2} | improperly formatted log rotation config: invalid character '2' after object key:value pair",
                "[1 2] | improperly formatted log rotation config: invalid character '2' after array element",
                "'x' | improperly formatted log rotation config: invalid character '\\'' looking for beginning of value",
                "{\"a\":trux} | improperly formatted log rotation config: invalid character 'x' in literal true (expecting 'e')",
                "{\"a\":1.x} | improperly formatted log rotation config: invalid character 'x' after decimal point in numeric literal",
                "{\"a\":\"\\x\"} | improperly formatted log rotation config: invalid character 'x' in string escape code",
                "{\"a\":01} | improperly formatted log rotation config: invalid character '1' after object key:value pair",
                "[] | invalid log rotation config: json: cannot unmarshal array into Go value of type embed.logRotationConfig",
                "{\"maxsize\": true} | invalid log rotation config: json: cannot unmarshal bool into Go struct field logRotationConfig.Logger.maxsize of type int",
                "{\"maxsize\": 1.5} | invalid log rotation config: json: cannot unmarshal number 1.5 into Go struct field logRotationConfig.Logger.maxsize of type int",
                "{\"maxage\": \"1\"} | invalid log rotation config: json: cannot unmarshal string into Go struct field logRotationConfig.Logger.maxage of type int",
                "{\"compress\": 1} | invalid log rotation config: json: cannot unmarshal number into Go struct field logRotationConfig.Logger.compress of type bool",
            })
    void shouldRefuseOthersInEtcdsWords(String json, String message) {
        assertThatThrownBy(() -> LogRotation.parse(json))
                .isInstanceOf(ConfigException.class)
                .hasMessage(message);
    }
}
