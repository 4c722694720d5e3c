package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.proto.mvccpb.KeyValue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyValueFieldsTest {
    private static final ByteString KEY = ByteString.copyFromUtf8("key");

    @Test
    void shouldReadEverythingButTheValue() throws Exception {
        ByteString encoded = KeyValue.newBuilder()
                .setKey(KEY)
                .setCreateRevision(2)
                .setModRevision(300)
                .setVersion(4)
                .setValue(ByteString.copyFrom(new byte[70_000]))
                .setLease(-5)
                .build()
                .toByteString();
        KeyValueFields expected = new KeyValueFields(KEY, 2, 300, 4, -5);
        ByteBuffer buffer = encoded.asReadOnlyByteBuffer();

        assertThat(KeyValueFields.decode(encoded)).isEqualTo(expected);
        assertThat(KeyValueFields.decode(encoded.toByteArray())).isEqualTo(expected);
        assertThat(KeyValueFields.decode(buffer)).isEqualTo(expected);
        assertThat(buffer.remaining()).isEqualTo(encoded.size());
    }

    @Test
    void shouldReadNothingFromNothing() throws Exception {
        assertThat(KeyValueFields.decode(new byte[0])).isEqualTo(new KeyValueFields(ByteString.EMPTY, 0, 0, 0, 0));
    }

    @Test
    void shouldBeginWithTheKeyTagInTheCanonicalForm() {
        assertThat(KeyValues.tombstone(KEY).byteAt(0)).isEqualTo((byte) KeyValueFields.KEY_TAG);
    }

    /** A field of another type is none of these, as everywhere in the format. */
    @ParameterizedTest
    @CsvSource({"3a0141", "3203ffffff", "2801", "1203ffffff", "0b0c"})
    void shouldPassOverWhatItDoesNotKnow(String hex) throws Exception {
        byte[] encoded = HexFormat.of().parseHex("0a036b6579" + hex);

        assertThat(KeyValueFields.decode(encoded)).isEqualTo(new KeyValueFields(KEY, 0, 0, 0, 0));
        assertThat(KeyValue.parseFrom(encoded).getKey()).isEqualTo(KEY);
    }

    @ParameterizedTest
    @CsvSource({"0a", "0a05", "0a05aa", "10ffffffffffffffffffffff", "2a0541", "0c", "0a036b65790c", "07"})
    void shouldRefuseWhatIsNoMessage(String hex) {
        assertThatThrownBy(() -> KeyValueFields.decode(HexFormat.of().parseHex(hex)))
                .isInstanceOf(IOException.class);
    }
}
