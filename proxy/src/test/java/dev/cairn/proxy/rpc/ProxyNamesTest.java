package dev.cairn.proxy.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import org.junit.jupiter.api.Test;

class ProxyNamesTest {
    @Test
    void shouldWriteWhatEtcdWrites() {
        assertThat(ProxyNames.value(new ProxyNames.Place("127.0.0.1:23790", "host"))
                        .toStringUtf8())
                .isEqualTo("{\"Op\":0,\"Addr\":\"127.0.0.1:23790\",\"Metadata\":\"{\\\"name\\\":\\\"host\\\"}\"}");
    }

    @Test
    void shouldReadWhatItWritesAndPassOverTheRest() {
        ProxyNames.Place place = new ProxyNames.Place("a:1", "h");
        assertThat(ProxyNames.parse(ProxyNames.value(place))).isEqualTo(place);
        assertThat(ProxyNames.parse(ByteString.copyFromUtf8("{\"Addr\":\"a:1\"}")))
                .isEqualTo(new ProxyNames.Place("a:1", ""));
        for (String text :
                new String[] {"", "x", "[]", "{", "{}", "{\"Addr\":\"a\",\"Metadata\":\"[\"}", "{\"Addr\":[]}"}) {
            assertThat(ProxyNames.parse(ByteString.copyFromUtf8(text))).as(text).isNull();
        }
    }
}
