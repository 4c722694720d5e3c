package dev.cairn.raft.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.cairn.raft.Seeds;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConfChangeFormatTest {
    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }

    private static ByteString bytes(String hex) {
        return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }

    @Test
    void shouldWriteScalarsOfAChangeAlways() {
        ConfChange add = new ConfChange(0, ConfChangeType.ADD_NODE, 1, ByteString.EMPTY);
        assertThat(hex(ConfChangeFormat.encode(add))).isEqualTo("080010001801");
        ConfChange remove = new ConfChange(300, ConfChangeType.REMOVE_NODE, -1L, ByteString.copyFromUtf8("x"));
        assertThat(hex(ConfChangeFormat.encode(remove))).isEqualTo("08ac02100118ffffffffffffffffff01220178");
    }

    @Test
    void shouldEncodeLeavingAJointConfigurationAsNothing() {
        assertThat(ConfChangeFormat.encode(ConfChangeV2.LEAVE_JOINT)).isEqualTo(ByteString.EMPTY);
        assertThat(ConfChangeFormat.decodeV2(ByteString.EMPTY).leavesJoint()).isTrue();
    }

    @Test
    void shouldReadBackWhatItWrites() {
        Seeds.forEach(500, random -> {
            ByteString context = ByteString.copyFromUtf8("c".repeat(random.nextInt(200)));
            ConfChange one =
                    new ConfChange(random.nextLong(), ConfChangeType.of(random.nextInt(4)), random.nextLong(), context);
            assertThat(ConfChangeFormat.decode(ConfChangeFormat.encode(one))).isEqualTo(one);
            List<ConfChangeSingle> singles = new ArrayList<>();
            for (int i = random.nextInt(5); i > 0; i--) {
                singles.add(new ConfChangeSingle(ConfChangeType.of(random.nextInt(4)), random.nextLong()));
            }
            ConfChangeV2 many = new ConfChangeV2(ConfChangeTransition.of(random.nextInt(3)), singles, context);
            assertThat(ConfChangeFormat.decodeV2(ConfChangeFormat.encode(many))).isEqualTo(many);
        });
    }

    @Test
    void shouldTakeFieldsInAnyOrderAndPassOverUnknownOnes() throws IOException {
        ByteArrayOutputStream buffer = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(buffer);
        out.writeUInt64(3, 7);
        out.writeFixed64(20, 5);
        out.writeFixed32(21, 5);
        out.writeString(22, "unknown");
        out.writeUInt64(23, 1L << 60);
        out.writeEnum(2, 3);
        out.flush();
        assertThat(ConfChangeFormat.decode(ByteString.copyFrom(buffer.toByteArray())))
                .isEqualTo(new ConfChange(0, ConfChangeType.ADD_LEARNER_NODE, 7, ByteString.EMPTY));
    }

    @Test
    void shouldRefuseDamagedBytes() {
        for (String damaged : List.of("08", "22ff01", "1009", "10", "0b", "00", "0dff", "ffffffffffffffffffffff")) {
            assertThatIllegalArgumentException().as(damaged).isThrownBy(() -> ConfChangeFormat.decode(bytes(damaged)));
        }
        Seeds.forEach(5_000, random -> {
            byte[] noise = new byte[random.nextInt(20)];
            random.nextBytes(noise);
            try {
                ConfChangeV2 read = ConfChangeFormat.decodeV2(ByteString.copyFrom(noise));
                assertThat(ConfChangeFormat.decodeV2(ConfChangeFormat.encode(read)))
                        .isEqualTo(read);
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        });
    }
}
