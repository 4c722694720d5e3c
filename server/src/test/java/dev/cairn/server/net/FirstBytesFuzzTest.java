package dev.cairn.server.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.testing.Seed;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Goal: what a connection is does not depend on how its bytes arrive, nothing of them is lost, and no bytes keep it undecided beyond the
 * bound. Method: damaged beginnings of the protocols in random pieces, beside a decision on the whole. A failure names the seed;
 * {@code -Dcairn.seed=N} runs it again, {@code -Dcairn.fuzz.seconds=N} goes on for longer.
 */
@Timeout(7200)
class FirstBytesFuzzTest {
    private static final int CASES = 20_000;
    private static final long SECONDS = Long.getLong("cairn.fuzz.seconds", 0);
    private static final int LINE_BYTES_MAX = 4096;
    private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    private static final Pattern REQUEST = Pattern.compile("[^\n]+ HTTP/1\\.[01]\r?\n.*", Pattern.DOTALL);

    private static final String[] BEGINNINGS = {
        PREFACE + "\0\0\0\4\0\0\0\0\0",
        "PRI * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /v3/kv/range HTTP/1.0\nContent-Length: 2\n\n{}",
        "GET / HTTP/2.0\r\n\r\n",
        "P HTTP/1.1\r\n",
        " HTTP/1.1\r\n",
        "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003",
        "\r\n\r\n",
        "SSH-2.0-x\r\n",
        ""
    };

    private static final String[] SNIPPETS = {
        "\r", "\n", "\r\n", " ", " HTTP/1.", "HTTP/1.1", "PRI", "\0", "\u00ff", "2", "1", "0"
    };

    /** What became of a connection. */
    private enum Fate {
        HTTP2,
        HTTP1,
        CLOSED,
        WAITING
    }

    @Test
    void shouldDecideByTheBytesAlone() {
        long seed = Seed.choose();
        Random random = new Random(seed);
        int[] seen = new int[Fate.values().length];
        long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
        for (int i = 0; i < CASES || System.nanoTime() < end; i++) {
            byte[] bytes = damaged(random);
            Fate expected = fate(bytes);
            seen[expected.ordinal()]++;
            check(random, bytes, expected, Seed.replay(seed) + ", case " + i);
        }
        assertThat(seen).as("cases of each fate, or the test shows nothing").doesNotContain(0);
    }

    private static byte[] damaged(Random random) {
        StringBuilder text = new StringBuilder(BEGINNINGS[random.nextInt(BEGINNINGS.length)]);
        if (random.nextInt(8) == 0) {
            text.insert(Math.min(text.length(), 5), "x".repeat(LINE_BYTES_MAX - 40 + random.nextInt(60)));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            int at = random.nextInt(text.length() + 1);
            switch (random.nextInt(3)) {
                case 0 -> text.insert(at, SNIPPETS[random.nextInt(SNIPPETS.length)]);
                case 1 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(4)));
                default -> text.setLength(at);
            }
        }
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The decision of somebody who has all the bytes and all the time. */
    private static Fate fate(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        if (text.startsWith(PREFACE)) {
            return Fate.HTTP2;
        }
        if (PREFACE.startsWith(text)) {
            return Fate.WAITING;
        }
        if (text.charAt(0) < ' ' || text.charAt(0) > '\u007f') {
            return Fate.CLOSED;
        }
        int line = text.indexOf('\n') + 1;
        if (line > 0 && line <= LINE_BYTES_MAX) {
            return REQUEST.matcher(text).matches() ? Fate.HTTP1 : Fate.CLOSED;
        }
        return text.length() >= LINE_BYTES_MAX ? Fate.CLOSED : Fate.WAITING;
    }

    private static void check(Random random, byte[] bytes, Fate expected, String what) {
        Fate[] decided = {Fate.WAITING};
        ByteArrayOutputStream passedOn = new ByteArrayOutputStream();
        ServingGate gate = new ServingGate();
        boolean late = random.nextInt(4) == 0;
        if (!late) {
            gate.open();
        }
        EmbeddedChannel channel = new EmbeddedChannel(new FirstBytesHandler(
                gate,
                Duration.ofHours(1),
                after -> install(after, decided, Fate.HTTP2, passedOn),
                after -> install(after, decided, Fate.HTTP1, passedOn)));
        int at = 0;
        while (at < bytes.length && channel.isOpen()) {
            int length = 1 + random.nextInt(random.nextBoolean() ? 3 : bytes.length);
            byte[] part = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + length));
            ByteBuf buffer = Unpooled.wrappedBuffer(part);
            channel.writeInbound(buffer);
            at += part.length;
        }
        gate.open();
        channel.runPendingTasks();
        String input = what + ": " + HexFormat.of().formatHex(bytes);
        if (!channel.isOpen()) {
            decided[0] = Fate.CLOSED;
        }
        assertThat(decided[0]).as(input).isEqualTo(expected);
        if (expected == Fate.HTTP1 || expected == Fate.HTTP2) {
            assertThat(passedOn.toByteArray()).as(input).isEqualTo(bytes);
        } else {
            assertThat(passedOn.size()).as(input).isZero();
        }
        channel.finishAndReleaseAll();
    }

    private static void install(
            ChannelHandlerContext after, Fate[] decided, Fate fate, ByteArrayOutputStream passedOn) {
        assertThat(decided[0]).as("decided once").isEqualTo(Fate.WAITING);
        decided[0] = fate;
        after.pipeline().addAfter(after.name(), null, new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ByteBuf bytes = (ByteBuf) message;
                while (bytes.isReadable()) {
                    passedOn.write(bytes.readByte());
                }
                bytes.release();
            }
        });
    }
}
