package dev.cairn.server.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The words were observed on etcd 3.7.1. */
class JsonValuesTest {
    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<String> all(JsonValues values) throws BadJson {
        List<String> all = new ArrayList<>();
        for (byte[] value = values.next(); value != null; value = values.next()) {
            all.add(new String(value, StandardCharsets.UTF_8));
        }
        return all;
    }

    @Test
    void shouldTakeValuesApart() throws BadJson {
        assertThat(all(JsonValues.of(bytes(" {\"a\":[1,{}]}{}\n[] \"x\"12 0 3true null-1.5e+3 "))))
                .containsExactly("{\"a\":[1,{}]}", "{}", "[]", "\"x\"", "12", "0", "3", "true", "null", "-1.5e+3");
        assertThat(all(JsonValues.of(bytes(" \t\r\n")))).isEmpty();
    }

    @Test
    void shouldWaitForTheRest() throws BadJson {
        JsonValues values = JsonValues.arriving();
        assertThat(values.next()).isNull();
        values.add(bytes(" {\"a\":\"\\"));
        assertThat(values.next()).isNull();
        values.add(bytes("\"\"}1"));
        assertThat(values.next()).asString(StandardCharsets.UTF_8).isEqualTo("{\"a\":\"\\\"\"}");
        assertThat(values.next()).isNull();
        assertThat(values.held()).isEqualTo(1);
        values.add(bytes("2"));
        assertThat(values.next()).isNull();
        values.complete();
        assertThat(values.next()).asString(StandardCharsets.UTF_8).isEqualTo("12");
        assertThat(values.next()).isNull();
        assertThat(values.held()).isZero();
    }

    @Test
    void shouldStayWithTheFirstMistake() throws BadJson {
        JsonValues values = JsonValues.of(bytes("{}x{}"));
        assertThat(values.next()).isNotNull();
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(values::next).hasMessage("invalid character 'x' looking for beginning of value");
        }
    }

    @Test
    void shouldLimitTheDepth() throws BadJson {
        assertThat(JsonValues.of(bytes("[".repeat(10_000) + "]".repeat(10_000))).next())
                .isNotNull();
        JsonValues deeper = JsonValues.of(bytes("[".repeat(10_001)));
        assertThatThrownBy(deeper::next).hasMessage("invalid character '[' exceeded max depth");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{|unexpected EOF",
                "tr|unexpected EOF",
                "-|unexpected EOF",
                "}|invalid character '}' looking for beginning of value",
                "[1,]|invalid character ']' looking for beginning of value",
                "{\"a\"}|invalid character '}' after object key",
                "{\"a\":1,}|invalid character '}' looking for beginning of object key string",
                "{\"a\":1 2}|invalid character '2' after object key:value pair",
                "[1 2]|invalid character '2' after array element",
                "{'a':1}|invalid character '\\'' looking for beginning of object key string",
                "{\"a\":tru}|invalid character '}' in literal true (expecting 'e')",
                "-x|invalid character 'x' in numeric literal",
                "1.e|invalid character 'e' after decimal point in numeric literal",
                "1ex|invalid character 'x' in exponent of numeric literal",
                "\"\\q\"|invalid character 'q' in string escape code",
                "\"\\u12g4\"|invalid character 'g' in \\u hexadecimal character escape",
            })
    void shouldSayWhatIsWrong(String json, String message) {
        JsonValues values = JsonValues.of(bytes(json));
        assertThatThrownBy(values::next).isInstanceOf(BadJson.class).hasMessage(message);
    }
}
