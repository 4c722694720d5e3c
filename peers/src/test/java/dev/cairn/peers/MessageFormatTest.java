package dev.cairn.peers;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufUtil;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MessageFormatTest {
    private static final int CASES = 20_000;

    @Test
    void shouldWriteTheLinkHeartbeatInTwoBytes() {
        assertThat(encode(LinkHeartbeat.MESSAGE)).containsExactly(0x08, 0x08);
    }

    @Test
    void shouldReproduceARecordedPipelineBody() throws Exception {
        byte[] recorded = Recorded.bytes("pipeline");
        Message message = MessageFormat.readAll(Unpooled.wrappedBuffer(recorded));

        assertThat(message.type()).isEqualTo(MessageType.HEARTBEAT);
        assertThat(message.from()).isEqualTo(Recorded.A);
        assertThat(message.to()).isEqualTo(Recorded.C);
        assertThat(message.commit()).isZero();
        assertThat(encode(message)).isEqualTo(recorded);
    }

    @Test
    void shouldReproduceTheMessageOfARecordedSnapshot() throws Exception {
        byte[] recorded = Recorded.bytes("snapshot");
        ByteBuf in = Unpooled.wrappedBuffer(recorded);
        Message message = requireNonNull(MessageStreamFormat.read(in, MessageStreamFormat.SNAPSHOT_MESSAGE_BYTES_MAX));

        assertThat(message.type()).isEqualTo(MessageType.SNAP);
        assertThat(requireNonNull(message.snapshot()).metadata().index()).isEqualTo(140);
        assertThat(requireNonNull(message.snapshot())
                        .metadata()
                        .confState()
                        .voters()
                        .contains(Recorded.B))
                .isTrue();
        assertThat(requireNonNull(message.snapshot()).data().toStringUtf8()).startsWith("{\"Root\":");
        ByteBuf out = Unpooled.buffer();
        MessageStreamFormat.write(message, out);
        assertThat(ByteBufUtil.getBytes(out)).isEqualTo(Arrays.copyOf(recorded, in.readerIndex()));
        assertThat(in.readableBytes()).as("the database").isEqualTo(4096);
    }

    @Test
    void shouldAgreeWithGeneratedCode() throws InvalidProtocolBufferException, MalformedMessageException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        RandomMessages messages = new RandomMessages(random);
        for (int i = 0; i < CASES; i++) {
            Message message = messages.next();
            byte[] bytes = encode(message);
            String what = "seed " + seed + ", case " + i;

            dev.cairn.proto.raftpb.Message generated = dev.cairn.proto.raftpb.Message.parseFrom(bytes);
            assertThat(generated.getUnknownFields().asMap()).as(what).isEmpty();
            assertThat(generated.getType().getNumber())
                    .as(what)
                    .isEqualTo(message.type().number());
            assertThat(generated.getEntriesCount())
                    .as(what)
                    .isEqualTo(message.entries().size());
            assertThat(generated.getIndex()).as(what).isEqualTo(message.index());

            assertThat(decode(bytes)).as(what).isEqualTo(message);
            assertThat(decode(generated.toByteArray())).as(what).isEqualTo(message);
        }
    }

    @Test
    void shouldPassOverUnknownFields() throws MalformedMessageException {
        // 15: varint, 16: eight bytes, 17: a string, 18: four bytes; and then a term.
        byte[] bytes =
                HexFormat.of().parseHex("7805" + "81010102030405060708" + "8a0103616263" + "950101020304" + "2007");

        assertThat(decode(bytes).term()).isEqualTo(7);
    }

    @Test
    void shouldReadPackedMembers() throws Exception {
        // snapshot { metadata { conf_state { voters: packed 1, 300 } } }
        Message message = decode(HexFormat.of().parseHex("0807" + "4a09" + "1207" + "0a05" + "0a0301ac02"));

        assertThat(requireNonNull(message.snapshot())
                        .metadata()
                        .confState()
                        .voters()
                        .toArray())
                .containsExactly(1, 300);
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        for (String hex : new String[] {
            "0818", // message type 24
            "3a020803", // entry type 3
            "20ffffffffffffffffff01", // a negative term
            "20ffffffffffffffffffff01", // a number of eleven bytes
            "20", // no number
            "3a7f", // an entry beyond the end
            "0000", // field number zero
            "7b", // a group
            "fa01ffffffffffffffffff01", // a negative length
        }) {
            assertThatThrownBy(() -> decode(HexFormat.of().parseHex(hex)))
                    .as(hex)
                    .isInstanceOf(MalformedMessageException.class);
        }
    }

    @Test
    void shouldSurviveAnyBytes() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        RandomMessages messages = new RandomMessages(random);
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            byte[] bytes = encode(messages.next());
            int changes = 1 + random.nextInt(3);
            for (int change = 0; change < changes && bytes.length > 0; change++) {
                if (random.nextBoolean()) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                } else {
                    bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
                }
            }
            try {
                decode(bytes);
            } catch (MalformedMessageException e) {
                refused++;
            } catch (RuntimeException e) {
                throw new AssertionError(
                        "seed " + seed + ", case " + i + ": " + HexFormat.of().formatHex(bytes), e);
            }
        }
        assertThat(refused).isPositive();
    }

    private static byte[] encode(Message message) {
        ByteBuf out = Unpooled.buffer();
        MessageFormat.write(message, out);
        assertThat(out.readableBytes()).isEqualTo(MessageFormat.sizeOf(message));
        return ByteBufUtil.getBytes(out);
    }

    private static Message decode(byte[] bytes) throws MalformedMessageException {
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        Message message = MessageFormat.readAll(in);
        assertThat(in.isReadable()).isFalse();
        return message;
    }
}
