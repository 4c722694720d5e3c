package dev.cairn.proxy.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.List;
import org.junit.jupiter.api.Test;

class NamespaceTest {
    private static final ByteString NO_END = ByteString.copyFrom(new byte[] {0});

    private static Namespace namespace(int... prefix) {
        byte[] bytes = new byte[prefix.length];
        for (int i = 0; i < prefix.length; i++) {
            bytes[i] = (byte) prefix[i];
        }
        return new Namespace(ByteString.copyFrom(bytes));
    }

    @Test
    void shouldEndWhereThePrefixEnds() {
        assertThat(namespace('a', '/').endInside(NO_END)).isEqualTo(ByteString.copyFromUtf8("a0"));
        assertThat(namespace('a', 0xff).endInside(NO_END)).isEqualTo(ByteString.copyFrom(new byte[] {'b', 0}));
        assertThat(namespace(0xff, 0xff).endInside(NO_END)).isEqualTo(NO_END);
        assertThat(namespace('a', '/').endInside(ByteString.copyFromUtf8("k")))
                .isEqualTo(ByteString.copyFromUtf8("a/k"));
        assertThat(namespace('a', '/').endInside(ByteString.EMPTY)).isEqualTo(ByteString.EMPTY);
    }

    @Test
    void shouldShowOfALeaseOnlyWhatIsInside() {
        assertThat(namespace('a', '/')
                        .outside(List.of(
                                ByteString.copyFromUtf8("a/k"),
                                ByteString.copyFromUtf8("b/k"),
                                ByteString.copyFromUtf8("a"))))
                .containsExactly(ByteString.copyFromUtf8("k"));
    }
}
