package dev.cairn.server.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.MemberRemoveRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The words were observed on etcd 3.7.1, apart from the blank behind the first one, which is one of two there. */
class MessageReaderTest {
    private final MessageReader reader = new MessageReader();

    private RangeRequest range(String json) throws BadJson {
        return reader.read(json.getBytes(StandardCharsets.UTF_8), RangeRequest.getDefaultInstance());
    }

    @Test
    void shouldReadWhatEtcdReads() throws BadJson {
        assertThat(
                        range(
                                "{\"key\":\"-_8\",\"range_end\":\"+/8=\",\"limit\":\"7\",\"sortOrder\":\"DESCEND\",\"sort_target\":2,"
                                        + "\"serializable\":true,\"minModRevision\":1.20e1,\"keys_only\":null,\"unknown\":{\"x\":[1,\"\\ud83d\\ude00\"]}}"))
                .isEqualTo(RangeRequest.newBuilder()
                        .setKey(ByteString.copyFrom(new byte[] {(byte) 0xfb, (byte) 0xff}))
                        .setRangeEnd(ByteString.copyFrom(new byte[] {(byte) 0xfb, (byte) 0xff}))
                        .setLimit(7)
                        .setSortOrder(RangeRequest.SortOrder.DESCEND)
                        .setSortTarget(RangeRequest.SortTarget.CREATE)
                        .setSerializable(true)
                        .setMinModRevision(12)
                        .build());
        assertThat(range("{\"sort_order\":\"NOBODY\"}")).isEqualTo(RangeRequest.getDefaultInstance());
        assertThat(range("{\"sort_order\":77}").getSortOrderValue()).isEqualTo(77);
        assertThat(reader.read(
                                "{\"ID\":\"18446744073709551615\"}".getBytes(StandardCharsets.UTF_8),
                                MemberRemoveRequest.getDefaultInstance())
                        .getID())
                .isEqualTo(-1);
        assertThat(reader.read(
                                "{\"filters\":[\"NODELETE\",\"WHAT\",0]}".getBytes(StandardCharsets.UTF_8),
                                WatchCreateRequest.getDefaultInstance())
                        .getFiltersValueList())
                .containsExactly(1, 0);
    }

    @Test
    void shouldReadBackWhatIsWritten() throws BadJson {
        PutRequest put = PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("<k&\">"))
                .setValue(ByteString.copyFrom(new byte[] {0, -1, 62, 63}))
                .setLease(Long.MIN_VALUE)
                .setPrevKv(true)
                .build();
        assertThat(reader.read(MessageWriter.answer(put), PutRequest.getDefaultInstance()))
                .isEqualTo(put);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[]|proto: syntax error (line 1:1): unexpected token [",
                "null|proto: syntax error (line 1:1): unexpected token null",
                "{\"key\":12}|proto: (line 1:8): invalid value for bytes field key: 12",
                "{\"rangeEnd\":\"a!\"}|proto: (line 1:13): invalid value for bytes field rangeEnd: \"a!\"",
                "{\"key\":\"\",\"key\":\"\"}|proto: (line 1:11): duplicate field \"key\"",
                "{\"limit\":1.5}|proto: (line 1:10): invalid value for int64 field limit: 1.5",
                "{\"limit\":9223372036854775808}|proto: (line 1:10): invalid value for int64 field limit: 9223372036854775808",
                "{\"limit\":\" 1\"}|proto: (line 1:10): invalid value for int64 field limit: \" 1\"",
                "{\"serializable\":\"true\"}|proto: (line 1:17): invalid value for bool field serializable: \"true\"",
                "{\"key\":\"\\ud800\"}|proto: unexpected EOF",
                "{\"key\":\"\\ud800abcdefg\"}|proto: syntax error (line 1:8): invalid escape code \"abcdef\" in string",
                "{\"sort_order\":{}}|proto: (line 1:15): invalid value for enum field sortOrder: {",
            })
    void shouldSayWhatIsWrong(String json, String message) {
        assertThatThrownBy(() -> range(json)).isInstanceOf(BadJson.class).hasMessage(message);
    }

    @Test
    void shouldCountLinesAndCharacters() {
        assertThatThrownBy(() -> range("{\n\"\u20ac\ud83d\ude00\":1, \"key\":  12}"))
                .hasMessage("proto: (line 2:17): invalid value for bytes field key: 12");
        byte[] notUtf8 = "{\"key\":\"x\"}".getBytes(StandardCharsets.UTF_8);
        notUtf8[8] = (byte) 0xff;
        assertThatThrownBy(() -> reader.read(notUtf8, RangeRequest.getDefaultInstance()))
                .hasMessage("proto: syntax error (line 1:8): invalid UTF-8 in string");
    }

    @Test
    void shouldNotAllowTwoOfOne() {
        String json = "{\"success\":[{\"request_put\":{},\"request_range\":{}}]}";
        assertThatThrownBy(() -> reader.read(json.getBytes(StandardCharsets.UTF_8), TxnRequest.getDefaultInstance()))
                .hasMessage("proto: (line 1:31): error parsing \"request_range\", oneof etcdserverpb.RequestOp.request"
                        + " is already set");
    }

    @Test
    void shouldNotReadWhatNobodyCouldReadAgain() {
        String json = "{}";
        for (int i = 0; i < 60; i++) {
            json = "{\"success\":[{\"request_txn\":" + json + "}]}";
        }
        byte[] deep = json.getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> reader.read(deep, TxnRequest.getDefaultInstance()))
                .hasMessage("proto: exceeded max recursion depth");
    }
}
