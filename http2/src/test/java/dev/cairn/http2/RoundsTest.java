package dev.cairn.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Attributes;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Goal: a connection with long answers leaves room for others on its event loop. Method: the loop is turned by hand. */
class RoundsTest {
    private static final int LENGTH = 900_000;
    private static final int REQUEST_FRAME = 10_000;
    /** A frame may begin just before a round is over. */
    private static final int ROUND_MOST = GrpcConnection.ROUND_BYTES + Http2.MIN_FRAME_BYTES_MAX + 1000;

    private final EchoServer server = new EchoServer(true);
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final ByteBuf requests = Unpooled.buffer();

    @AfterEach
    void stop() {
        channel.finishAndReleaseAll();
        server.close();
    }

    @Test
    void shouldWriteALongAnswerInRounds() {
        greet();
        ask(1, LENGTH);
        send();
        List<Integer> rounds = rounds();
        assertThat(rounds.stream().mapToInt(bytes -> bytes).sum()).isGreaterThan(LENGTH);
        // What is sent turns the loop as well, some times.
        assertThat(rounds.get(0)).isLessThan(LENGTH / 2);
        assertThat(rounds.subList(1, rounds.size()))
                .hasSizeGreaterThan(LENGTH / 2 / ROUND_MOST)
                .allMatch(bytes -> bytes <= ROUND_MOST);
    }

    @Test
    void shouldNotKeepAShortAnswerWaitingForRounds() {
        greet();
        ask(1, LENGTH);
        ask(3, 10);
        send();
        assertThat(server.ended).containsExactly("test.Echo/Echo OK");
        assertThat(turn()).isLessThan(LENGTH / 2);
        rounds();
        assertThat(server.ended).hasSize(2);
    }

    /** What each turn of the loop writes, until it has nothing to do. */
    private List<Integer> rounds() {
        List<Integer> rounds = new ArrayList<>();
        for (int bytes = turn(); bytes > 0; bytes = turn()) {
            rounds.add(bytes);
        }
        return rounds;
    }

    /** The loop's next turn; what it has written since the one before. */
    private int turn() {
        int bytes = 0;
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            bytes += out.readableBytes();
            out.release();
        }
        channel.runScheduledPendingTasks();
        return bytes;
    }

    /** With windows as wide as they can be. */
    private void greet() {
        channel.pipeline().addLast(server.connections.newConnection(Attributes.EMPTY));
        int widest = Integer.MAX_VALUE;
        requests.writeBytes(Http2.PREFACE);
        ByteBuffer window = ByteBuffer.allocate(Http2.SETTING_BYTES);
        add(
                Http2.SETTINGS,
                0,
                0,
                window.putShort((short) Http2.SETTINGS_INITIAL_WINDOW_SIZE)
                        .putInt(widest)
                        .array());
        ByteBuffer more = ByteBuffer.allocate(Http2.WINDOW_UPDATE_BYTES);
        add(
                Http2.WINDOW_UPDATE,
                0,
                0,
                more.putInt(widest - Http2.INITIAL_WINDOW).array());
        send();
        turn();
    }

    private void ask(int stream, int length) {
        add(Http2.HEADERS, Http2.END_HEADERS, stream, Frames.block("/test.Echo/Echo"));
        byte[] message = Frames.message(length);
        for (int at = 0; at < message.length; at += REQUEST_FRAME) {
            int end = Math.min(message.length, at + REQUEST_FRAME);
            add(Http2.DATA, end == message.length ? Http2.END_STREAM : 0, stream, Arrays.copyOfRange(message, at, end));
        }
    }

    private void add(int type, int flags, int stream, byte[] payload) {
        requests.writeBytes(Frames.head(payload.length, type, flags, stream)).writeBytes(payload);
    }

    /** As one read. */
    private void send() {
        channel.writeInbound(requests.copy());
        requests.clear();
    }
}
