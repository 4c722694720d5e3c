package dev.cairn.peers;

import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The bytes of a message: protobuf {@code raftpb.Message}. Stateless.
 *
 * <pre>
 *   Message   1 type | 2 to | 3 from | 4 term | 5 logTerm | 6 index | 7 entries, repeated | 8 commit | 9 snapshot | 10 reject
 *             11 rejectHint | 12 context | 13 vote
 *   Entry     1 Type | 2 Term | 3 Index | 4 Data
 *   Snapshot  1 data | 2 metadata {1 conf_state {1 voters, 2 learners, 3 voters_outgoing, 4 learners_next, 5 auto_leave}, 2 index, 3 term}
 * </pre>
 *
 * <p>Written by hand because this is the hot path: an entry's data is copied once, from the log's bytes into the buffer that goes to the
 * socket, or from the buffer that came from the socket into the bytes that the log keeps. Written byte for byte as etcd 3.7 writes: a field
 * that is zero is left out, except those that etcd always sets for a type of message. The reader takes any valid encoding. Field 14,
 * responses, exists only between a node and its own log and is neither written nor read.
 */
public final class MessageFormat {
    /** A longer message is refused, by etcd as well. */
    static final int MESSAGE_BYTES_MAX = 512 << 20;

    private static final int IDS_MAX = 4096;

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private MessageFormat() {}

    // Writing.

    /**
     * The number of bytes that {@link #write} will write.
     *
     * @throws IllegalArgumentException if they are more than a message may have
     */
    public static int sizeOf(Message message) {
        long size = field(message.type().number(), true)
                + field(message.to(), false)
                + field(message.from(), false)
                + field(message.term(), false)
                + field(message.logTerm(), hasLogTerm(message))
                + field(message.index(), hasIndex(message))
                + field(message.commit(), hasCommit(message))
                + field(message.rejectHint(), message.reject())
                + field(message.vote(), false);
        if (message.reject()) {
            size += 2;
        }
        List<Entry> entries = message.entries();
        for (int i = 0; i < entries.size(); i++) {
            size += delimited(sizeOf(entries.get(i)));
        }
        Snapshot snapshot = message.snapshot();
        if (snapshot != null) {
            size += delimited(sizeOf(snapshot));
        }
        if (!message.context().isEmpty()) {
            size += delimited(message.context().size());
        }
        if (size > MESSAGE_BYTES_MAX) {
            throw new IllegalArgumentException(
                    message.type().wireName() + " of " + size + " bytes, more than " + MESSAGE_BYTES_MAX);
        }
        return (int) size;
    }

    public static void write(Message message, ByteBuf out) {
        writeField(out, 1, message.type().number(), true);
        writeField(out, 2, message.to(), false);
        writeField(out, 3, message.from(), false);
        writeField(out, 4, message.term(), false);
        writeField(out, 5, message.logTerm(), hasLogTerm(message));
        writeField(out, 6, message.index(), hasIndex(message));
        List<Entry> entries = message.entries();
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            writeTag(out, 7, BYTES);
            writeVarint(out, sizeOf(entry));
            write(entry, out);
        }
        writeField(out, 8, message.commit(), hasCommit(message));
        Snapshot snapshot = message.snapshot();
        if (snapshot != null) {
            writeTag(out, 9, BYTES);
            writeVarint(out, sizeOf(snapshot));
            write(snapshot, out);
        }
        if (message.reject()) {
            writeField(out, 10, 1, true);
        }
        writeField(out, 11, message.rejectHint(), message.reject());
        if (!message.context().isEmpty()) {
            writeBytes(out, 12, message.context());
        }
        writeField(out, 13, message.vote(), false);
    }

    /** The number of bytes that {@link #write(Entry, ByteBuf)} will write. */
    static long sizeOf(Entry entry) {
        long size = field(entry.type().number(), false) + field(entry.term(), false) + field(entry.index(), false);
        return entry.data().isEmpty() ? size : size + delimited(entry.data().size());
    }

    static void write(Entry entry, ByteBuf out) {
        writeField(out, 1, entry.type().number(), false);
        writeField(out, 2, entry.term(), false);
        writeField(out, 3, entry.index(), false);
        if (!entry.data().isEmpty()) {
            writeBytes(out, 4, entry.data());
        }
    }

    /** What etcd's core sets whatever the value: the place in the log of appends and votes, and of the refusal of an append. */
    private static boolean hasLogTerm(Message message) {
        return switch (message.type()) {
            case APP, VOTE, PRE_VOTE -> true;
            case APP_RESP -> message.reject();
            default -> false;
        };
    }

    private static boolean hasIndex(Message message) {
        return switch (message.type()) {
            case APP, VOTE, PRE_VOTE -> true;
            case APP_RESP -> message.reject();
            default -> false;
        };
    }

    private static boolean hasCommit(Message message) {
        return switch (message.type()) {
            case APP -> true;
            case HEARTBEAT -> !LinkHeartbeat.is(message);
            default -> false;
        };
    }

    private static long sizeOf(Snapshot snapshot) {
        long size = delimited(sizeOf(snapshot.metadata()));
        return snapshot.data().isEmpty()
                ? size
                : size + delimited(snapshot.data().size());
    }

    private static void write(Snapshot snapshot, ByteBuf out) {
        if (!snapshot.data().isEmpty()) {
            writeBytes(out, 1, snapshot.data());
        }
        SnapshotMetadata metadata = snapshot.metadata();
        writeTag(out, 2, BYTES);
        writeVarint(out, sizeOf(metadata));
        writeTag(out, 1, BYTES);
        writeVarint(out, sizeOf(metadata.confState()));
        write(metadata.confState(), out);
        writeField(out, 2, metadata.index(), true);
        writeField(out, 3, metadata.term(), true);
    }

    private static long sizeOf(SnapshotMetadata metadata) {
        return delimited(sizeOf(metadata.confState())) + field(metadata.index(), true) + field(metadata.term(), true);
    }

    private static long sizeOf(ConfState state) {
        return 2
                + sizeOf(state.voters())
                + sizeOf(state.learners())
                + sizeOf(state.votersOutgoing())
                + sizeOf(state.learnersNext());
    }

    private static long sizeOf(IdSet ids) {
        long size = 0;
        for (int i = 0; i < ids.size(); i++) {
            size += field(ids.get(i), true);
        }
        return size;
    }

    private static void write(ConfState state, ByteBuf out) {
        write(out, 1, state.voters());
        write(out, 2, state.learners());
        write(out, 3, state.votersOutgoing());
        write(out, 4, state.learnersNext());
        writeField(out, 5, state.autoLeave() ? 1 : 0, true);
    }

    private static void write(ByteBuf out, int field, IdSet ids) {
        for (int i = 0; i < ids.size(); i++) {
            writeField(out, field, ids.get(i), true);
        }
    }

    private static void writeField(ByteBuf out, int field, long value, boolean always) {
        if (value != 0 || always) {
            writeTag(out, field, VARINT);
            writeVarint(out, value);
        }
    }

    private static void writeBytes(ByteBuf out, int field, ByteString value) {
        writeTag(out, field, BYTES);
        writeVarint(out, value.size());
        try {
            UnsafeByteOperations.unsafeWriteTo(value, new Copy(out));
        } catch (IOException e) {
            // A buffer in memory does no I/O.
            throw new UncheckedIOException(e);
        }
    }

    private static void writeTag(ByteBuf out, int field, int wireType) {
        // All field numbers are below 16.
        out.writeByte(field << 3 | wireType);
    }

    private static void writeVarint(ByteBuf out, long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            out.writeByte((int) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        out.writeByte((int) rest);
    }

    private static long field(long value, boolean always) {
        return value != 0 || always ? 1 + varintBytes(value) : 0;
    }

    private static long delimited(long bytes) {
        return 1 + varintBytes(bytes) + bytes;
    }

    private static int varintBytes(long value) {
        return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
    }

    // Reading. Every method reads up to an index of the buffer, which the caller knows to be readable.

    /** Reads the next bytes as one message and moves the reader index behind it. */
    public static Message read(ByteBuf in, int bytes) throws MalformedMessageException {
        int end = in.readerIndex() + bytes;
        MessageType type = MessageType.HUP;
        long to = 0;
        long from = 0;
        long term = 0;
        long logTerm = 0;
        long index = 0;
        List<Entry> entries = List.of();
        long commit = 0;
        long vote = 0;
        Snapshot snapshot = null;
        boolean reject = false;
        long rejectHint = 0;
        ByteString context = ByteString.EMPTY;
        while (in.readerIndex() < end) {
            long tag = varint(in, end);
            switch (tag >>> 7 == 0 ? (int) tag : 0) {
                case 1 << 3 -> type = messageType(varint(in, end));
                case 2 << 3 -> to = varint(in, end);
                case 3 << 3 -> from = varint(in, end);
                case 4 << 3 -> term = position(in, end);
                case 5 << 3 -> logTerm = position(in, end);
                case 6 << 3 -> index = position(in, end);
                case 7 << 3 | BYTES -> {
                    if (entries.isEmpty()) {
                        entries = new ArrayList<>();
                    }
                    entries.add(readEntry(in, length(in, end)));
                }
                case 8 << 3 -> commit = position(in, end);
                case 9 << 3 | BYTES -> snapshot = snapshot(in, length(in, end));
                case 10 << 3 -> reject = varint(in, end) != 0;
                case 11 << 3 -> rejectHint = position(in, end);
                case 12 << 3 | BYTES -> context = bytes(in, length(in, end));
                case 13 << 3 -> vote = varint(in, end);
                default -> skip(in, end, tag);
            }
        }
        return Message.builder(type)
                .to(to)
                .from(from)
                .term(term)
                .log(logTerm, index)
                .entries(entries)
                .commit(commit)
                .vote(vote)
                .snapshot(snapshot)
                .reject(reject)
                .rejectHint(rejectHint)
                .context(context)
                .build();
    }

    /** Reads the next bytes as one entry. */
    static Entry readEntry(ByteBuf in, int bytes) throws MalformedMessageException {
        int end = in.readerIndex() + bytes;
        EntryType type = EntryType.NORMAL;
        long term = 0;
        long index = 0;
        ByteString data = ByteString.EMPTY;
        while (in.readerIndex() < end) {
            long tag = varint(in, end);
            if (tag == (1 << 3)) {
                type = entryType(varint(in, end));
            } else if (tag == (2 << 3)) {
                term = position(in, end);
            } else if (tag == (3 << 3)) {
                index = position(in, end);
            } else if (tag == (4 << 3 | BYTES)) {
                data = bytes(in, length(in, end));
            } else {
                skip(in, end, tag);
            }
        }
        return new Entry(term, index, type, data);
    }

    private static Snapshot snapshot(ByteBuf in, int bytes) throws MalformedMessageException {
        int end = in.readerIndex() + bytes;
        ByteString data = ByteString.EMPTY;
        SnapshotMetadata metadata = SnapshotMetadata.EMPTY;
        while (in.readerIndex() < end) {
            long tag = varint(in, end);
            if (tag == (1 << 3 | BYTES)) {
                data = bytes(in, length(in, end));
            } else if (tag == (2 << 3 | BYTES)) {
                metadata = metadata(in, length(in, end));
            } else {
                skip(in, end, tag);
            }
        }
        return new Snapshot(data, metadata);
    }

    private static SnapshotMetadata metadata(ByteBuf in, int bytes) throws MalformedMessageException {
        int end = in.readerIndex() + bytes;
        ConfState state = ConfState.EMPTY;
        long index = 0;
        long term = 0;
        while (in.readerIndex() < end) {
            long tag = varint(in, end);
            if (tag == (1 << 3 | BYTES)) {
                state = confState(in, length(in, end));
            } else if (tag == (2 << 3)) {
                index = position(in, end);
            } else if (tag == (3 << 3)) {
                term = position(in, end);
            } else {
                skip(in, end, tag);
            }
        }
        return new SnapshotMetadata(state, index, term);
    }

    private static ConfState confState(ByteBuf in, int bytes) throws MalformedMessageException {
        int end = in.readerIndex() + bytes;
        // Each set at its field number.
        long[][] ids = new long[5][0];
        boolean autoLeave = false;
        while (in.readerIndex() < end) {
            long tag = varint(in, end);
            long field = tag >>> 3;
            if (field >= 1 && field <= 4 && (tag & 7) == VARINT) {
                ids[(int) field] = append(ids[(int) field], varint(in, end));
            } else if (field >= 1 && field <= 4 && (tag & 7) == BYTES) {
                int length = length(in, end);
                int packedEnd = in.readerIndex() + length;
                while (in.readerIndex() < packedEnd) {
                    ids[(int) field] = append(ids[(int) field], varint(in, packedEnd));
                }
            } else if (tag == (5 << 3)) {
                autoLeave = varint(in, end) != 0;
            } else {
                skip(in, end, tag);
            }
        }
        return new ConfState(IdSet.of(ids[1]), IdSet.of(ids[2]), IdSet.of(ids[3]), IdSet.of(ids[4]), autoLeave);
    }

    /** Members of a group are few, unless somebody sends nonsense: then this must not take quadratic time. */
    private static long[] append(long[] ids, long id) throws MalformedMessageException {
        if (ids.length == IDS_MAX) {
            throw new MalformedMessageException("more than " + IDS_MAX + " members");
        }
        long[] more = Arrays.copyOf(ids, ids.length + 1);
        more[ids.length] = id;
        return more;
    }

    private static MessageType messageType(long number) throws MalformedMessageException {
        if (number < 0 || number > MessageType.FORGET_LEADER.number()) {
            throw new MalformedMessageException("unknown message type " + Long.toUnsignedString(number));
        }
        return MessageType.of((int) number);
    }

    private static EntryType entryType(long number) throws MalformedMessageException {
        if (number < 0 || number > EntryType.CONF_CHANGE_V2.number()) {
            throw new MalformedMessageException("unknown entry type " + Long.toUnsignedString(number));
        }
        return EntryType.of((int) number);
    }

    /** A term or an index: never negative. */
    private static long position(ByteBuf in, int end) throws MalformedMessageException {
        long value = varint(in, end);
        if (value < 0) {
            throw new MalformedMessageException("term or index out of range: " + Long.toUnsignedString(value));
        }
        return value;
    }

    private static ByteString bytes(ByteBuf in, int length) {
        if (length == 0) {
            return ByteString.EMPTY;
        }
        // An array of its own for each: a part of the network's buffer would keep all of that buffer alive.
        byte[] copy = new byte[length];
        in.readBytes(copy);
        return UnsafeByteOperations.unsafeWrap(copy);
    }

    private static int length(ByteBuf in, int end) throws MalformedMessageException {
        long length = varint(in, end);
        if (length < 0 || length > end - in.readerIndex()) {
            throw new MalformedMessageException("a field of " + Long.toUnsignedString(length) + " bytes with "
                    + (end - in.readerIndex()) + " left");
        }
        return (int) length;
    }

    private static long varint(ByteBuf in, int end) throws MalformedMessageException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            if (in.readerIndex() >= end) {
                throw new MalformedMessageException("the end comes in the middle of a number");
            }
            byte next = in.readByte();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new MalformedMessageException("a number of more than ten bytes");
    }

    private static void skip(ByteBuf in, int end, long tag) throws MalformedMessageException {
        if (tag >>> 3 == 0) {
            throw new MalformedMessageException("field number zero");
        }
        switch ((int) (tag & 7)) {
            case VARINT -> varint(in, end);
            case FIXED64 -> skipBytes(in, end, Long.BYTES);
            case BYTES -> in.skipBytes(length(in, end));
            case FIXED32 -> skipBytes(in, end, Integer.BYTES);
            default -> throw new MalformedMessageException("wire type " + (tag & 7));
        }
    }

    private static void skipBytes(ByteBuf in, int end, int count) throws MalformedMessageException {
        if (count > end - in.readerIndex()) {
            throw new MalformedMessageException("the end comes in the middle of a field");
        }
        in.skipBytes(count);
    }

    /** Takes the parts of a byte string as they lie, without a copy in between. */
    private static final class Copy extends ByteOutput {
        private final ByteBuf out;

        Copy(ByteBuf out) {
            this.out = out;
        }

        @Override
        public void write(byte value) {
            out.writeByte(value);
        }

        @Override
        public void write(byte[] value, int offset, int length) {
            out.writeBytes(value, offset, length);
        }

        @Override
        public void writeLazy(byte[] value, int offset, int length) {
            out.writeBytes(value, offset, length);
        }

        @Override
        public void write(ByteBuffer value) {
            out.writeBytes(value);
        }

        @Override
        public void writeLazy(ByteBuffer value) {
            out.writeBytes(value);
        }
    }

    /** The message in all of a buffer. */
    static Message readAll(ByteBuf in) throws MalformedMessageException {
        return read(in, in.readableBytes());
    }
}
