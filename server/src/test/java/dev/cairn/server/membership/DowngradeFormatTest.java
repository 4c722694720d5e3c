package dev.cairn.server.membership;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import org.junit.jupiter.api.Test;

/** Goal: the state of a downgrade is kept as etcd keeps it, to the byte. */
class DowngradeFormatTest {
    @Test
    void shouldWriteWhatEtcdWrites() {
        assertThat(DowngradeFormat.encode("3.6.0").toStringUtf8())
                .isEqualTo("{\"target-version\":\"3.6.0\",\"enabled\":true}");
        assertThat(DowngradeFormat.encode(null).toStringUtf8())
                .isEqualTo("{\"target-version\":\"\",\"enabled\":false}");
    }

    @Test
    void shouldReadWhatItWrites() {
        assertThat(DowngradeFormat.decode(DowngradeFormat.encode("3.6.0"))).isEqualTo("3.6.0");
        assertThat(DowngradeFormat.decode(DowngradeFormat.encode(null))).isNull();
        assertThat(DowngradeFormat.decode(ByteString.copyFromUtf8("{}"))).isNull();
    }
}
