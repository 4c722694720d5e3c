package dev.cairn.wal;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Encodes records into one direct buffer and writes it to the end of the current segment.
 *
 * <p>Confined to the log's thread. Nothing is allocated per record. Records gather in the buffer until {@link #flush}, which is
 * one write; a full buffer is written early. A record that does not fit into the buffer passes through it in pieces, so that
 * the buffer never grows.
 *
 * <p>The checksum stands before the data it covers, and its length depends on its value. Data is therefore encoded behind
 * the longest possible header first and moved down by up to four bytes when the header turns out shorter, which for four
 * bytes is rare (one value in sixteen).
 */
final class WalAppender {
    private final ByteBuffer buffer;
    private final ChainedCrc crc;
    private final WalListener listener;
    private SegmentFile segment;

    /** Where the buffer's first byte goes. */
    private long offset;

    /** Where in the buffer the frame in work starts. */
    private int frame;

    WalAppender(SegmentFile segment, long offset, ChainedCrc crc, int bufferBytes, WalListener listener) {
        this.segment = segment;
        this.offset = offset;
        this.crc = crc;
        this.listener = listener;
        this.buffer = ByteBuffer.allocateDirect(bufferBytes).order(ByteOrder.LITTLE_ENDIAN);
        segment.claim(offset);
    }

    SegmentFile segment() {
        return segment;
    }

    /** Where the next record will start. */
    long end() {
        return offset + buffer.position();
    }

    /** Turns to a new segment and starts it with the running checksum. The buffer must have been flushed. */
    void start(SegmentFile next) throws IOException {
        segment = next;
        offset = 0;
        int body = begin(0);
        finish(body, WalFormat.TYPE_CRC, 0);
    }

    void metadata(WalMetadata metadata) throws IOException {
        int body = begin(2 * (1 + WalFormat.varintBytes(-1)));
        field(WalFormat.TAG_1_VARINT, metadata.nodeId());
        field(WalFormat.TAG_2_VARINT, metadata.clusterId());
        finish(body, WalFormat.TYPE_METADATA, buffer.position() - body);
    }

    void state(HardState state) throws IOException {
        int body = begin(3 * (1 + WalFormat.varintBytes(-1)));
        field(WalFormat.TAG_1_VARINT, state.term());
        field(WalFormat.TAG_2_VARINT, state.vote());
        field(WalFormat.TAG_3_VARINT, state.commit());
        finish(body, WalFormat.TYPE_STATE, buffer.position() - body);
    }

    void snapshot(byte[] snapshot) throws IOException {
        int body = begin(snapshot.length);
        buffer.put(snapshot);
        finish(body, WalFormat.TYPE_SNAPSHOT, snapshot.length);
    }

    void entry(Entry entry) throws IOException {
        long dataBytes = (long) WalFormat.ENTRY_HEADER_BYTES_MAX + entry.data().size();
        if (dataBytes > WalFormat.RECORD_BYTES_MAX - WalFormat.FRAME_OVERHEAD_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "entry " + entry.index() + " has " + entry.data().size() + " bytes, more than a record can hold");
        }
        if (dataBytes + WalFormat.FRAME_OVERHEAD_BYTES_MAX > buffer.capacity()) {
            largeEntry(entry);
            return;
        }
        int body = begin((int) dataBytes);
        entryHeader(entry);
        entry.data().copyTo(buffer);
        finish(body, WalFormat.TYPE_ENTRY, buffer.position() - body);
    }

    /** Writes what has gathered. */
    void flush() throws IOException {
        int bytes = buffer.position();
        if (bytes == 0) {
            return;
        }
        long start = System.nanoTime();
        buffer.flip();
        segment.write(buffer, offset);
        buffer.clear();
        offset += bytes;
        listener.written(bytes, System.nanoTime() - start);
    }

    private void entryHeader(Entry entry) {
        // Every field that etcd sets, and none that it leaves out: the type of a normal entry, and empty data.
        if (entry.type() != EntryType.NORMAL) {
            field(WalFormat.ENTRY_TAG_TYPE, entry.type().number());
        }
        field(WalFormat.ENTRY_TAG_TERM, entry.term());
        field(WalFormat.ENTRY_TAG_INDEX, entry.index());
        if (!entry.data().isEmpty()) {
            field(WalFormat.ENTRY_TAG_DATA, entry.data().size());
        }
    }

    /** Makes room for a frame around so much data, and returns where in the buffer the data is to be put for now. */
    private int begin(int dataBytesMax) throws IOException {
        if (buffer.remaining() < dataBytesMax + WalFormat.FRAME_OVERHEAD_BYTES_MAX) {
            flush();
        }
        frame = buffer.position();
        int body = frame
                + WalFormat.LENGTH_BYTES
                + WalFormat.RECORD_HEADER_BYTES_MAX
                + WalFormat.varintBytes(dataBytesMax);
        buffer.position(body);
        return body;
    }

    /** Puts the frame around the data that stands in the buffer from {@code body} on. */
    private void finish(int body, int type, int dataBytes) {
        buffer.limit(body + dataBytes).position(body);
        crc.update(buffer);
        buffer.clear().position(frame + WalFormat.LENGTH_BYTES);
        recordHeader(type, dataBytes);
        int dataStart = buffer.position();
        if (dataStart != body && dataBytes > 0) {
            buffer.put(dataStart, buffer, body, dataBytes);
        }
        buffer.position(dataStart + dataBytes);
        int recordBytes = buffer.position() - frame - WalFormat.LENGTH_BYTES;
        buffer.putLong(frame, WalFormat.lengthWord(recordBytes));
        pad(recordBytes);
    }

    /** An entry that does not fit into the buffer: once through it for the checksum, once more for the file. */
    private void largeEntry(Entry entry) throws IOException {
        flush();
        entryHeader(entry);
        int headerBytes = buffer.position();
        buffer.flip();
        crc.update(buffer);
        ByteString data = entry.data();
        for (long from = 0; from < data.size(); from += buffer.capacity()) {
            buffer.clear();
            piece(data, from).copyTo(buffer);
            buffer.flip();
            crc.update(buffer);
        }
        buffer.clear();
        int dataBytes = headerBytes + data.size();
        long recordBytes = 2L
                + (1 + WalFormat.varintBytes(Integer.toUnsignedLong(crc.value())))
                + (1 + WalFormat.varintBytes(dataBytes))
                + dataBytes;
        buffer.putLong(WalFormat.lengthWord(recordBytes));
        recordHeader(WalFormat.TYPE_ENTRY, dataBytes);
        entryHeader(entry);
        flush();
        for (long from = 0; from < data.size(); from += buffer.capacity()) {
            flush();
            piece(data, from).copyTo(buffer);
        }
        if (buffer.remaining() < WalFormat.ALIGNMENT_BYTES) {
            flush();
        }
        pad(recordBytes);
    }

    private ByteString piece(ByteString data, long from) {
        return data.substring((int) from, (int) Math.min(data.size(), from + buffer.capacity()));
    }

    private void recordHeader(int type, int dataBytes) {
        field(WalFormat.RECORD_TAG_TYPE, type);
        field(WalFormat.RECORD_TAG_CRC, Integer.toUnsignedLong(crc.value()));
        if (dataBytes > 0) {
            field(WalFormat.RECORD_TAG_DATA, dataBytes);
        }
    }

    private void pad(long recordBytes) {
        for (int i = WalFormat.paddingBytes(recordBytes); i > 0; i--) {
            buffer.put((byte) 0);
        }
    }

    private void field(int tag, long value) {
        buffer.put((byte) tag);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            buffer.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        buffer.put((byte) rest);
    }
}
