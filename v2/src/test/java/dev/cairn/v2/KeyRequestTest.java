package dev.cairn.v2;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyRequestTest {
    private static KeysApi.Parsed parse(String method, String query, String contentType, String body) {
        return KeysApi.parse(method, "/a", query, contentType, body.getBytes(StandardCharsets.UTF_8));
    }

    /** As etcd 3.4 says it. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET | wait=x | 209 | invalid value for \"wait\"",
                "PUT | wait=true | 209 | \"wait\" can only be used with GET requests",
                "GET | recursive= | 209 | invalid value for \"recursive\"",
                "GET | prevIndex=-1 | 203 | invalid value for \"prevIndex\"",
                "GET | waitIndex=18446744073709551616 | 203 | invalid value for \"waitIndex\"",
                "PUT | prevValue= | 201 | \"prevValue\" cannot be empty",
                "PUT | ttl=1s | 202 | invalid value for \"ttl\"",
                "PUT | prevExist=maybe | 209 | invalid value for prevExist",
                "PUT | refresh=maybe | 209 | invalid value for refresh",
                "PUT | refresh=1&value=x&ttl=1 | 211 | A value was provided on a refresh",
                "PUT | refresh=1 | 212 | No TTL value set",
                "GET | a=%zz | 210 | invalid URL escape \"%zz\"",
                "GET | a=1;b=2 | 210 | invalid semicolon separator in query",
            })
    void shouldRefuseWhatEtcdRefuses(String method, String query, int number, String cause) {
        V2Error error = Objects.requireNonNull(parse(method, query, "", "").error());
        assertThat(error.code().number()).isEqualTo(number);
        assertThat(error.cause()).isEqualTo(cause);
        assertThat(error.index()).isZero();
    }

    @Test
    void shouldTakeTheBodyBeforeTheQuery() {
        String form = "application/x-www-form-urlencoded; charset=utf-8";
        assertThat(value(parse("PUT", "value=query", form, "value=body"))).isEqualTo("body");
        assertThat(value(parse("PUT", "value=query", "text/plain", "value=body")))
                .isEqualTo("query");
        assertThat(value(parse("DELETE", "value=query", form, "value=body"))).isEqualTo("query");
        assertThat(value(parse("PUT", "", form, "value=a+b%20c"))).isEqualTo("a b c");
    }

    private static String value(KeysApi.Parsed parsed) {
        return Objects.requireNonNull(parsed.request()).value().toStringUtf8();
    }

    @Test
    void shouldCleanPaths() {
        assertThat(Paths.clean("")).isEmpty();
        assertThat(Paths.clean("/")).isEmpty();
        assertThat(Paths.clean("/a//b/./c/../d/")).isEqualTo("/a/b/d");
        assertThat(Paths.clean("/../a")).isEqualTo("/a");
    }
}
