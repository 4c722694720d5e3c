package dev.cairn.wal;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.proto.walpb.Snapshot;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.SnapshotMetadata;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the data of records. Stateless; every method reads its record to the end.
 *
 * <p>Stricter than protobuf, because the checksum does not cover a record's type: one flipped bit there makes an entry a
 * hard state. Each field must be known, stand at most once and be there if etcd always writes it. A result of {@code null}
 * means that the data is not what the type says.
 */
final class WalRecordDecoder {
    private static final int FIELD_1 = 1;
    private static final int FIELD_2 = 1 << 1;
    private static final int FIELD_3 = 1 << 2;
    private static final int FIELD_4 = 1 << 3;

    private WalRecordDecoder() {}

    /** @param withPayload whether anybody wants it; it may be long, and is empty otherwise */
    static @Nullable Entry entry(RecordBytes data, boolean withPayload) {
        int seen = 0;
        long type = 0;
        long term = 0;
        long index = 0;
        ByteString payload = ByteString.EMPTY;
        long payloadBytes = 0;
        while (data.hasRemaining()) {
            int field;
            switch (data.next()) {
                case WalFormat.ENTRY_TAG_TYPE -> {
                    field = FIELD_1;
                    type = data.varint();
                }
                case WalFormat.ENTRY_TAG_TERM -> {
                    field = FIELD_2;
                    term = data.varint();
                }
                case WalFormat.ENTRY_TAG_INDEX -> {
                    field = FIELD_3;
                    index = data.varint();
                }
                case WalFormat.ENTRY_TAG_DATA -> {
                    field = FIELD_4;
                    payloadBytes = data.varint();
                    if (payloadBytes < 0 || payloadBytes > data.remaining()) {
                        return null;
                    }
                    if (withPayload) {
                        payload = data.take((int) payloadBytes);
                    } else {
                        data.skip((int) payloadBytes);
                    }
                }
                default -> {
                    return null;
                }
            }
            if ((seen & field) != 0) {
                return null;
            }
            seen |= field;
        }
        boolean known = type >= 0 && type <= EntryType.CONF_CHANGE_V2.number();
        boolean placed = term > 0 && term < WalFormat.TERM_MAX && index > 0;
        if (!known || !placed || (type == EntryType.CONF_CHANGE.number() && payloadBytes == 0)) {
            return null;
        }
        return new Entry(term, index, EntryType.of((int) type), payload);
    }

    static @Nullable HardState state(RecordBytes data) {
        long[] values = integers(data, 3);
        if (values == null) {
            return null;
        }
        long term = values[0];
        long vote = values[1];
        long commit = values[2];
        // In term 0 nobody votes and nothing is committed, and a state in which nothing is set is not written.
        return term > 0 && term < WalFormat.TERM_MAX && commit >= 0 ? new HardState(term, vote, commit) : null;
    }

    static @Nullable WalMetadata metadata(RecordBytes data) {
        long[] values = integers(data, 2);
        return values == null ? null : new WalMetadata(values[0], values[1]);
    }

    static @Nullable SnapshotMetadata snapshot(RecordBytes data) {
        Snapshot snapshot;
        try {
            snapshot = Snapshot.parseFrom(data.take(data.remaining()));
        } catch (InvalidProtocolBufferException e) {
            return null;
        }
        boolean complete = snapshot.hasIndex()
                && snapshot.hasTerm()
                && snapshot.getUnknownFields().asMap().isEmpty();
        if (!complete || snapshot.getIndex() < 0 || snapshot.getTerm() < 0) {
            return null;
        }
        return new SnapshotMetadata(
                SnapFormat.confState(snapshot.getConfState()), snapshot.getIndex(), snapshot.getTerm());
    }

    /** Fields 1 to {@code count}, all integers and all there; null if the data is anything else. */
    private static long @Nullable [] integers(RecordBytes data, int count) {
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
            if (!data.hasRemaining() || data.next() != (i + 1) << 3) {
                return null;
            }
            values[i] = data.varint();
        }
        return data.hasRemaining() ? null : values;
    }
}
