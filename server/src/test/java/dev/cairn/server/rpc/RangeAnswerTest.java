package dev.cairn.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.RangeResult;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.RangeStreamResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.mvccpb.KeyValue;
import io.grpc.Drainable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Goal: the hand-made encoding is the generated one, byte for byte, drained or read. */
class RangeAnswerTest {
    private static final ResponseHeader HEADER = ResponseHeader.newBuilder()
            .setClusterId(-1)
            .setMemberId(7)
            .setRevision(300)
            .setRaftTerm(2)
            .build();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 1000})
    void shouldEncodeAsTheGeneratedClassDoes(int keys) throws IOException {
        for (boolean more : new boolean[] {false, true}) {
            RangeAnswer answer = answer(keys, more);
            RangeResponse expected =
                    answer.result().toResponse().toBuilder().setHeader(HEADER).build();

            try (InputStream stream = RangeAnswer.MARSHALLER.stream(answer)) {
                assertThat(stream.available()).isEqualTo(expected.getSerializedSize());
                ByteArrayOutputStream drained = new ByteArrayOutputStream();
                assertThat(((Drainable) stream).drainTo(drained)).isEqualTo(expected.getSerializedSize());
                assertThat(drained.toByteArray()).isEqualTo(expected.toByteArray());
                assertThat(stream.available()).isZero();
                assertThat(stream.read()).isEqualTo(-1);
            }
            try (InputStream stream = RangeAnswer.MARSHALLER.stream(answer)) {
                assertThat(stream.read()).isEqualTo(expected.toByteArray()[0] & 0xff);
                ByteArrayOutputStream rest = new ByteArrayOutputStream();
                ((Drainable) stream).drainTo(rest);
                assertThat(rest.toByteArray())
                        .isEqualTo(expected.toByteString().substring(1).toByteArray());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 1000})
    void shouldBeAPartOfAStream(int keys) throws IOException {
        for (boolean last : new boolean[] {false, true}) {
            RangeResult result = answer(keys, true).result();
            RangeResult shown = last ? result : new RangeResult(300, 0, false, result.keyValues());
            RangeResponse.Builder expected = shown.toResponse().toBuilder().clearHeader();
            if (last) {
                expected.setHeader(HEADER);
            }
            byte[] bytes = RangeStreamResponse.newBuilder()
                    .setRangeResponse(expected)
                    .build()
                    .toByteArray();

            try (InputStream stream = RangeAnswer.MARSHALLER.stream(RangeAnswer.chunk(last ? HEADER : null, shown))) {
                assertThat(stream.available()).isEqualTo(bytes.length);
                assertThat(stream.readAllBytes()).isEqualTo(bytes);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 6, 7, 1000, 16384})
    void shouldBeReadInPiecesOfAnySize(int piece) throws IOException {
        RangeAnswer answer = answer(300, true);
        byte[] expected = answer.result().toResponse().toBuilder()
                .setHeader(HEADER)
                .build()
                .toByteArray();

        try (InputStream stream = RangeAnswer.MARSHALLER.stream(answer)) {
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            for (byte[] some = stream.readNBytes(piece); some.length > 0; some = stream.readNBytes(piece)) {
                read.writeBytes(some);
                assertThat(stream.available()).isEqualTo(expected.length - read.size());
            }
            assertThat(read.toByteArray()).isEqualTo(expected);
        }
        try (InputStream stream = RangeAnswer.MARSHALLER.stream(answer)) {
            ByteBuffer all = ByteBuffer.allocateDirect(expected.length);
            ByteBuffer some = ByteBuffer.allocateDirect(piece);
            while (((ReadableByteChannel) stream).read(some.clear()) > 0) {
                all.put(some.flip());
                assertThat(stream.available()).isEqualTo(all.remaining());
            }
            byte[] read = new byte[expected.length];
            assertThat(all.flip().remaining()).isEqualTo(read.length);
            all.get(read);
            assertThat(read).isEqualTo(expected);
        }
        try (InputStream stream = RangeAnswer.MARSHALLER.stream(answer)) {
            byte[] begin = stream.readNBytes(piece);
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            read.writeBytes(begin);
            ((Drainable) stream).drainTo(read);
            assertThat(read.toByteArray()).isEqualTo(expected);
        }
    }

    private static RangeAnswer answer(int keys, boolean more) {
        List<ByteString> keyValues = new ArrayList<>();
        for (int i = 0; i < keys; i++) {
            keyValues.add(KeyValue.newBuilder()
                    .setKey(ByteString.copyFromUtf8("key" + i))
                    .setValue(ByteString.copyFrom(new byte[i * 37]))
                    .setModRevision(i + 1)
                    .build()
                    .toByteString());
        }
        return RangeAnswer.whole(HEADER, new RangeResult(300, keys == 0 ? 0 : keys + 5, more, keyValues));
    }
}
