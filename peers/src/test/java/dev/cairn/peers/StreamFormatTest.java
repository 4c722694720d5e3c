package dev.cairn.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufUtil;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The two streams beside recorded traffic, in pieces of any size, and damaged. */
class StreamFormatTest {
    private static final int CASES = 3000;

    @ParameterizedTest
    @CsvSource({
        "MESSAGE, message-1, 30",
        "MESSAGE, message-2, 30",
        "MESSAGE, message-3, 10",
        "APPEND, append-follower, 20",
        "APPEND, append-leader, 50",
        "APPEND, append-joint, 2"
    })
    void shouldReproduceRecordedStreams(StreamKind kind, String name, int messagesMin) throws Exception {
        byte[] recorded = Recorded.bytes(name);
        List<Message> messages = decode(kind, recorded, recorded.length, recorded.length);

        assertThat(messages).hasSizeGreaterThanOrEqualTo(messagesMin);
        assertThat(encode(kind, messages)).isEqualTo(recorded);
        assertThat(messages).anyMatch(message -> message.type() != MessageType.HEARTBEAT || !LinkHeartbeat.is(message));
    }

    @Test
    void shouldCompleteShortAppendsFromWhatWasBefore() throws Exception {
        byte[] recorded = Recorded.bytes("append-leader");
        List<Message> appends = decode(StreamKind.APPEND, recorded, recorded.length, recorded.length);
        appends.removeIf(LinkHeartbeat::is);

        for (int i = 1; i < appends.size(); i++) {
            Message before = appends.get(i - 1);
            Message append = appends.get(i);
            assertThat(append.from()).isEqualTo(Recorded.A);
            assertThat(append.to()).isEqualTo(Recorded.B);
            assertThat(append.index())
                    .isEqualTo(before.index() + before.entries().size());
            for (int j = 0; j < append.entries().size(); j++) {
                assertThat(append.entries().get(j).index()).isEqualTo(append.index() + 1 + j);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"MESSAGE, message-1", "APPEND, append-leader"})
    void shouldTakeStreamsInPieces(StreamKind kind, String name) throws Exception {
        byte[] recorded = Recorded.bytes(name);
        List<Message> whole = decode(kind, recorded, recorded.length, recorded.length);

        for (int piece = 1; piece < 40; piece++) {
            assertThat(decode(kind, recorded, recorded.length, piece))
                    .as("pieces of " + piece)
                    .isEqualTo(whole);
        }
    }

    @Test
    void shouldGiveBackWhatWasWritten() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        RandomMessages source = new RandomMessages(random);
        for (int i = 0; i < CASES; i++) {
            StreamKind kind = random.nextBoolean() ? StreamKind.APPEND : StreamKind.MESSAGE;
            List<Message> messages = new ArrayList<>();
            Message append = Message.builder(MessageType.APP)
                    .to(Recorded.B)
                    .from(Recorded.A)
                    .build();
            for (int j = random.nextInt(10); j > 0; j--) {
                if (random.nextInt(5) == 0) {
                    messages.add(LinkHeartbeat.MESSAGE);
                } else if (kind == StreamKind.APPEND) {
                    append = source.append(append, Recorded.B, Recorded.A);
                    messages.add(append);
                } else {
                    messages.add(source.next());
                }
            }
            byte[] bytes = encode(kind, messages);

            assertThat(decode(kind, bytes, bytes.length, 1 + random.nextInt(200)))
                    .as("seed " + seed + ", case " + i)
                    .isEqualTo(messages);
        }
    }

    @Test
    void shouldSurviveAnyBytes() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            StreamKind kind = random.nextBoolean() ? StreamKind.APPEND : StreamKind.MESSAGE;
            byte[] bytes = Recorded.bytes(kind == StreamKind.APPEND ? "append-follower" : "message-3");
            for (int change = 1 + random.nextInt(3); change > 0; change--) {
                bytes[random.nextInt(Math.min(bytes.length, 1500))] = (byte) random.nextInt();
            }
            try {
                decode(kind, bytes, 1500, 700);
            } catch (MalformedMessageException e) {
                refused++;
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", case " + i, e);
            }
        }
        assertThat(refused).isPositive();
    }

    @Test
    void shouldRefuseLengthsBeyondTheLimitBeforeTheBytesCome() {
        assertThatThrownBy(() -> decodeHex(StreamKind.MESSAGE, "0000000020000001"))
                .isInstanceOf(MalformedMessageException.class);
        assertThatThrownBy(() -> decodeHex(StreamKind.MESSAGE, "ffffffffffffffff"))
                .isInstanceOf(MalformedMessageException.class);
        assertThatThrownBy(() -> decodeHex(StreamKind.APPEND, "020000000020000001"))
                .isInstanceOf(MalformedMessageException.class);
        assertThatThrownBy(() -> decodeHex(StreamKind.APPEND, "0100000000000000010000000020000001"))
                .isInstanceOf(MalformedMessageException.class);
        assertThatThrownBy(() -> decodeHex(StreamKind.APPEND, "03"))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessage("failed to parse type 3 in msgappv2 stream");
    }

    @Test
    void shouldWaitAtTheLimitItself() throws Exception {
        assertThat(decodeHex(StreamKind.MESSAGE, "0000000020000000")).isEmpty();
    }

    private static List<Message> decodeHex(StreamKind kind, String hex) throws MalformedMessageException {
        byte[] bytes = HexFormat.of().parseHex(hex);
        return decode(kind, bytes, bytes.length, bytes.length);
    }

    private static byte[] encode(StreamKind kind, List<Message> messages) {
        StreamEncoder encoder = kind.encoder();
        ByteBuf out = Unpooled.buffer();
        messages.forEach(message -> encoder.encode(message, out));
        return ByteBufUtil.getBytes(out);
    }

    /** What the reader of a stream does, with pieces of a size. */
    private static List<Message> decode(StreamKind kind, byte[] bytes, int length, int piece)
            throws MalformedMessageException {
        StreamDecoder decoder = kind.decoder(Recorded.B, Recorded.A);
        Accumulator accumulator = new Accumulator(UnpooledByteBufAllocator.DEFAULT);
        List<Message> messages = new ArrayList<>();
        try {
            for (int from = 0; from < length; from += piece) {
                accumulator.add(Unpooled.copiedBuffer(Arrays.copyOfRange(bytes, from, Math.min(length, from + piece))));
                for (ByteBuf in = accumulator.bytes(); in != null && in.isReadable(); ) {
                    Message message = decoder.decode(in);
                    if (message == null) {
                        break;
                    }
                    messages.add(message);
                }
                accumulator.discardRead();
            }
        } finally {
            accumulator.release();
        }
        return messages;
    }
}
