package dev.cairn.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Attributes;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Goal: a connection with long answers leaves room for others on its event loop. Method: the loop is turned by hand, on a clock that stands still. */
class RoundsTest {
    private static final int LENGTH = 900_000;
    private static final int REQUEST_FRAME = 10_000;
    /** A frame may begin just before a round is over. */
    private static final int ROUND_MOST = GrpcConnection.ROUND_BYTES + Http2.MIN_FRAME_BYTES_MAX + 1000;

    private final EchoServer server = new EchoServer(true);
    private final EmbeddedChannel channel = new EmbeddedChannel();

    @AfterEach
    void stop() {
        channel.finishAndReleaseAll();
        server.close();
    }

    @Test
    void shouldWriteALongAnswerInRounds() {
        greet();
        ask(1, LENGTH);
        List<Integer> rounds = rounds();
        assertThat(rounds).hasSizeGreaterThan(LENGTH / ROUND_MOST).allMatch(bytes -> bytes <= ROUND_MOST);
        assertThat(rounds.stream().mapToInt(bytes -> bytes).sum()).isGreaterThan(LENGTH);
    }

    @Test
    void shouldNotKeepAShortAnswerWaitingForRounds() {
        greet();
        ask(1, LENGTH);
        ask(3, 10);
        int first = turn();
        assertThat(first).isLessThan(LENGTH / 2);
        assertThat(server.ended).containsExactly("test.Echo/Echo OK");
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
        channel.advanceTimeBy(1, TimeUnit.NANOSECONDS);
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
        channel.freezeTime();
        channel.pipeline().addLast(server.connections.newConnection(Attributes.EMPTY));
        int widest = Integer.MAX_VALUE;
        send(Http2.PREFACE);
        send(
                Http2.SETTINGS,
                0,
                0,
                ByteBuffer.allocate(6)
                        .putShort((short) Http2.SETTINGS_INITIAL_WINDOW_SIZE)
                        .putInt(widest));
        send(Http2.WINDOW_UPDATE, 0, 0, ByteBuffer.allocate(4).putInt(widest - Http2.INITIAL_WINDOW));
        turn();
    }

    private void ask(int stream, int length) {
        send(Http2.HEADERS, Http2.END_HEADERS, stream, ByteBuffer.wrap(Frames.block("/test.Echo/Echo")));
        byte[] message = Frames.message(length);
        for (int at = 0; at < message.length; at += REQUEST_FRAME) {
            int end = Math.min(message.length, at + REQUEST_FRAME);
            send(
                    Http2.DATA,
                    end == message.length ? Http2.END_STREAM : 0,
                    stream,
                    ByteBuffer.wrap(message, at, end - at).slice());
        }
    }

    private void send(int type, int flags, int stream, ByteBuffer payload) {
        send(Frames.head(payload.capacity(), type, flags, stream));
        byte[] bytes = new byte[payload.capacity()];
        payload.rewind().get(bytes);
        send(bytes);
    }

    private void send(byte[] bytes) {
        channel.writeInbound(Unpooled.wrappedBuffer(bytes));
    }
}
