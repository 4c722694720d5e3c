package dev.cairn.raft.message;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;

/**
 * The bytes of membership changes inside log entries: protobuf messages {@code raftpb.ConfChange} and {@code
 * raftpb.ConfChangeV2}.
 *
 * <pre>
 *   ConfChange        1 id varint | 2 type varint | 3 node_id varint | 4 context bytes
 *   ConfChangeV2      1 transition varint | 2 changes message, repeated | 3 context bytes
 *   ConfChangeSingle  1 type varint | 2 node_id varint
 * </pre>
 *
 * <p>Written as etcd writes a proposal: the scalars of a {@code ConfChange} always, even when zero, a context only when
 * there is one; the {@link ConfChangeV2#LEAVE_JOINT} change is no bytes at all. The reader takes any valid encoding,
 * with fields missing or unknown. Written by hand because the core depends on no generated code.
 */
public final class ConfChangeFormat {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private static final int VARINT_BYTES_MAX = 10;

    private ConfChangeFormat() {}

    /** The bytes of a change of one node. */
    public static ByteString encode(ConfChange change) {
        Writer out = new Writer();
        out.varintField(1, change.id());
        out.varintField(2, change.type().number());
        out.varintField(3, change.nodeId());
        if (!change.context().isEmpty()) {
            out.bytesField(4, change.context());
        }
        return out.toByteString();
    }

    /** The bytes of a change of many nodes. */
    public static ByteString encode(ConfChangeV2 change) {
        Writer out = new Writer();
        if (change.transition() != ConfChangeTransition.AUTO) {
            out.varintField(1, change.transition().number());
        }
        for (ConfChangeSingle single : change.changes()) {
            Writer nested = new Writer();
            nested.varintField(1, single.type().number());
            nested.varintField(2, single.nodeId());
            out.bytesField(2, nested.toByteString());
        }
        if (!change.context().isEmpty()) {
            out.bytesField(3, change.context());
        }
        return out.toByteString();
    }

    /**
     * Reads a change of one node.
     *
     * @throws IllegalArgumentException if the bytes are not one
     */
    public static ConfChange decode(ByteString bytes) {
        long id = 0;
        long type = 0;
        long nodeId = 0;
        ByteString context = ByteString.EMPTY;
        Reader in = new Reader(bytes);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> id = in.varint();
                case 2 -> type = in.varint();
                case 3 -> nodeId = in.varint();
                case 4 -> context = in.bytes();
                default -> in.skip();
            }
        }
        return new ConfChange(id, ConfChangeType.of(toInt(type)), nodeId, context);
    }

    /**
     * Reads a change of many nodes.
     *
     * @throws IllegalArgumentException if the bytes are not one
     */
    public static ConfChangeV2 decodeV2(ByteString bytes) {
        long transition = 0;
        List<ConfChangeSingle> changes = new ArrayList<>();
        ByteString context = ByteString.EMPTY;
        Reader in = new Reader(bytes);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> transition = in.varint();
                case 2 -> changes.add(decodeSingle(in.bytes()));
                case 3 -> context = in.bytes();
                default -> in.skip();
            }
        }
        return new ConfChangeV2(ConfChangeTransition.of(toInt(transition)), changes, context);
    }

    /**
     * Reads the change in an entry, in the general form.
     *
     * @throws IllegalArgumentException if the entry is not a membership change or its data is damaged
     */
    public static ConfChangeV2 decode(Entry entry) {
        return switch (entry.type()) {
            case CONF_CHANGE -> decode(entry.data()).asV2();
            case CONF_CHANGE_V2 -> decodeV2(entry.data());
            case NORMAL -> throw new IllegalArgumentException("entry " + entry.index() + " is no conf change");
        };
    }

    private static ConfChangeSingle decodeSingle(ByteString bytes) {
        long type = 0;
        long nodeId = 0;
        Reader in = new Reader(bytes);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> type = in.varint();
                case 2 -> nodeId = in.varint();
                default -> in.skip();
            }
        }
        return new ConfChangeSingle(ConfChangeType.of(toInt(type)), nodeId);
    }

    private static int toInt(long value) {
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("enum value out of range: " + value);
        }
        return (int) value;
    }

    private static final class Writer {
        private final ByteString.Output out = ByteString.newOutput();

        void varintField(int field, long value) {
            varint(field << 3 | VARINT);
            varint(value);
        }

        void bytesField(int field, ByteString value) {
            varint(field << 3 | BYTES);
            varint(value.size());
            for (int i = 0; i < value.size(); i++) {
                out.write(value.byteAt(i));
            }
        }

        private void varint(long value) {
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                out.write((int) (rest & 0x7F | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }

        ByteString toByteString() {
            return out.toByteString();
        }
    }

    /** Walks the fields of one message; the caller must take or skip the value of each. */
    private static final class Reader {
        private final ByteString bytes;
        private int position;
        private int wireType;
        private int field;

        Reader(ByteString bytes) {
            this.bytes = bytes;
        }

        boolean next() {
            if (position == bytes.size()) {
                return false;
            }
            long tag = rawVarint();
            wireType = (int) (tag & 7);
            field = toInt(tag >>> 3);
            if (field == 0) {
                throw new IllegalArgumentException("field number zero at byte " + position);
            }
            return true;
        }

        int field() {
            return field;
        }

        long varint() {
            expect(VARINT);
            return rawVarint();
        }

        ByteString bytes() {
            expect(BYTES);
            long length = rawVarint();
            if (length < 0 || length > bytes.size() - position) {
                throw new IllegalArgumentException("length " + length + " beyond the end at byte " + position);
            }
            int start = position;
            position += (int) length;
            return bytes.substring(start, position);
        }

        void skip() {
            switch (wireType) {
                case VARINT -> rawVarint();
                case FIXED64 -> advance(8);
                case BYTES -> bytes();
                case FIXED32 -> advance(4);
                default -> throw new IllegalArgumentException("wire type " + wireType + " at byte " + position);
            }
        }

        private void expect(int type) {
            if (wireType != type) {
                throw new IllegalArgumentException(
                        "wire type " + wireType + " of field " + field + ", expected " + type);
            }
        }

        private void advance(int count) {
            if (count > bytes.size() - position) {
                throw new IllegalArgumentException("truncated at byte " + position);
            }
            position += count;
        }

        private long rawVarint() {
            long value = 0;
            for (int i = 0; i < VARINT_BYTES_MAX; i++) {
                if (position == bytes.size()) {
                    throw new IllegalArgumentException("truncated at byte " + position);
                }
                byte next = bytes.byteAt(position++);
                value |= (next & 0x7FL) << (7 * i);
                if (next >= 0) {
                    return value;
                }
            }
            throw new IllegalArgumentException("varint too long at byte " + position);
        }
    }
}
