package dev.cairn.raft.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class MessageValuesTest {
    @Test
    void shouldNumberMessageTypesAsEtcdDoes() {
        List<String> names = List.of(
                "MsgHup",
                "MsgBeat",
                "MsgProp",
                "MsgApp",
                "MsgAppResp",
                "MsgVote",
                "MsgVoteResp",
                "MsgSnap",
                "MsgHeartbeat",
                "MsgHeartbeatResp",
                "MsgUnreachable",
                "MsgSnapStatus",
                "MsgCheckQuorum",
                "MsgTransferLeader",
                "MsgTimeoutNow",
                "MsgReadIndex",
                "MsgReadIndexResp",
                "MsgPreVote",
                "MsgPreVoteResp",
                "MsgStorageAppend",
                "MsgStorageAppendResp",
                "MsgStorageApply",
                "MsgStorageApplyResp",
                "MsgForgetLeader");
        for (MessageType type : MessageType.values()) {
            assertThat(type.wireName()).isEqualTo(names.get(type.number()));
            assertThat(MessageType.of(type.number())).isEqualTo(type);
        }
        assertThat(MessageType.values()).hasSize(names.size());
        assertThatIllegalArgumentException().isThrownBy(() -> MessageType.of(names.size()));
        assertThatIllegalArgumentException().isThrownBy(() -> MessageType.of(-1));
    }

    @Test
    void shouldKeepEveryFieldInACopy() {
        Message all = new Message(
                MessageType.APP,
                1,
                2,
                3,
                4,
                5,
                List.of(Entry.proposal(ByteString.copyFromUtf8("a"))),
                6,
                7,
                Snapshot.EMPTY,
                true,
                8,
                ByteString.copyFromUtf8("c"),
                List.of(Message.builder(MessageType.HUP).build()));
        assertThat(all.toBuilder().build()).isEqualTo(all);
    }

    @Test
    void shouldCountTheBytesOfAnEncodedEntry() {
        for (long index : new long[] {0, 1, 127, 128, 16_383, 16_384, Long.MAX_VALUE}) {
            for (int length : new int[] {0, 1, 127, 128, 20_000}) {
                Entry entry = new Entry(index, index, EntryType.NORMAL, ByteString.copyFrom(new byte[length]));
                long expected = CodedOutputStream.computeEnumSize(1, 0)
                        + 2L * CodedOutputStream.computeUInt64Size(2, index)
                        + (length == 0 ? 0 : CodedOutputStream.computeBytesSize(4, entry.data()));
                assertThat(entry.encodedBytes()).isEqualTo(expected);
            }
        }
    }

    @Test
    void shouldOrderIdsAsUnsignedNumbers() {
        IdSet ids = IdSet.of(-1, 5, Long.MIN_VALUE, 0, 5);
        assertThat(ids.toArray()).containsExactly(0, 5, Long.MIN_VALUE, -1);
        assertThat(ids).hasToString("(0 5 9223372036854775808 18446744073709551615)");
        assertThat(ids.without(5).with(5)).isEqualTo(ids);
        assertThat(ids.contains(-1)).isTrue();
        assertThat(ids.contains(1)).isFalse();
        assertThat(ids.union(IdSet.of(7)).size()).isEqualTo(5);
    }
}
