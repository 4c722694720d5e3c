package dev.cairn.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;

/**
 * Reads the frames of one segment in order, through a window of fixed size.
 *
 * <p>Confined to its owner. {@link #data} is valid until the next call. Nothing is believed that the file cannot prove: a frame
 * that is larger than the window gets memory of its own only after its header has shown to be whole and in agreement
 * with the length word, so a flipped bit in a length allocates nothing.
 */
final class WalFrameReader {
    /** What stands at the position of the reader. */
    enum Found {
        /** A frame with a well-formed header; its checksum is not yet checked. */
        RECORD,
        /** The end of the log: zeros, or the end of the file. */
        END,
        /** A length word that leads beyond the end of the file, or part of one. */
        BEYOND_END,
        /** Something that no writer writes. */
        MALFORMED
    }

    static final int WINDOW_BYTES = 256 << 10;

    private static final byte[] ZEROS = new byte[16 << 10];

    private static final int RECORD_BYTES_MIN = 4;
    private static final int HEADER_BYTES_MAX = WalFormat.RECORD_HEADER_BYTES_MAX + WalFormat.SIZE_BYTES_MAX;

    private final FileChannel channel;
    private final long size;
    private final byte[] window;

    /** How many bytes of the window are of the file. */
    private int filled;

    private final RecordBytes data;

    /** The offset in the file of the window's first byte. */
    private long windowStart;

    private long offset;
    private long next;
    private int type;
    private int crc;

    WalFrameReader(FileChannel channel, long start) throws IOException {
        this.channel = channel;
        this.size = channel.size();
        this.window = new byte[(int) Math.min(WINDOW_BYTES, size)];
        this.data = new RecordBytes(window, 0, 0);
        this.windowStart = start;
        this.offset = start;
        this.next = start;
    }

    /** Where the frame that was found starts; all before it has been read. */
    long offset() {
        return offset;
    }

    /** Where the frame that was found ends. For what is not a record: where it would, as far as that makes sense. */
    long next() {
        return next;
    }

    long size() {
        return size;
    }

    int type() {
        return type;
    }

    int crc() {
        return crc;
    }

    /** The record's data. */
    RecordBytes data() {
        return data;
    }

    /** Goes to another place of the file. */
    void seek(long position) {
        next = position;
    }

    Found read() throws IOException {
        offset = next;
        long rest = size - offset;
        if (rest < WalFormat.LENGTH_BYTES) {
            return isZero((int) rest) ? Found.END : Found.BEYOND_END;
        }
        int at = load(offset, WalFormat.LENGTH_BYTES);
        long word = word(at);
        if (word == 0) {
            return Found.END;
        }
        long recordBytes = WalFormat.recordBytes(word);
        if (word != WalFormat.lengthWord(recordBytes) || recordBytes == 0) {
            return Found.MALFORMED;
        }
        long frameBytes = WalFormat.LENGTH_BYTES + recordBytes + WalFormat.paddingBytes(recordBytes);
        if (frameBytes > rest) {
            return Found.BEYOND_END;
        }
        next = offset + frameBytes;
        return record(recordBytes) ? Found.RECORD : Found.MALFORMED;
    }

    /** Reads a record whose frame lies within the file; false if header and length do not agree. */
    private boolean record(long recordBytes) throws IOException {
        long start = offset + WalFormat.LENGTH_BYTES;
        boolean fits = recordBytes <= window.length;
        int loaded = fits ? (int) recordBytes : HEADER_BYTES_MAX;
        int at = load(start, loaded);
        data.set(window, at, at + loaded);
        if (!header(recordBytes)) {
            return false;
        }
        if (fits) {
            return true;
        }
        if (recordBytes > WalFormat.RECORD_BYTES_MAX) {
            return false;
        }
        int headerBytes = data.position() - at;
        byte[] own = new byte[(int) recordBytes - headerBytes];
        readFully(ByteBuffer.wrap(own), start + headerBytes);
        data.set(own, 0, own.length);
        return true;
    }

    /** Reads type, checksum and the size of the data; false unless they fill the record exactly. */
    private boolean header(long recordBytes) {
        int start = data.position();
        if (recordBytes < RECORD_BYTES_MIN || data.next() != WalFormat.RECORD_TAG_TYPE) {
            return false;
        }
        type = data.next();
        if (data.next() != WalFormat.RECORD_TAG_CRC) {
            return false;
        }
        long value = data.varint();
        if (value < 0 || value > 0xffff_ffffL) {
            return false;
        }
        crc = (int) value;
        if (data.position() - start == recordBytes) {
            return type == WalFormat.TYPE_CRC;
        }
        if (type == WalFormat.TYPE_CRC || !data.hasRemaining() || data.next() != WalFormat.RECORD_TAG_DATA) {
            return false;
        }
        long dataBytes = data.varint();
        return dataBytes == recordBytes - (data.position() - start);
    }

    /**
     * How many words from this place on are zero, in bytes, as far as it matters to the caller. Every start looks through megabytes of them, in code
     * that is not compiled yet, and so not word by word.
     *
     * @param enough where the counting may end
     */
    long zeroBytes(long position, long enough) throws IOException {
        long end = size - (size - position) % WalFormat.ALIGNMENT_BYTES;
        long at = position;
        while (at < end && at - position < enough) {
            int in = load(at, WalFormat.ALIGNMENT_BYTES);
            int bytes = (int) Math.min(Math.min(filled - in, end - at), ZEROS.length);
            bytes -= bytes % WalFormat.ALIGNMENT_BYTES;
            int differs = Arrays.mismatch(window, in, in + bytes, ZEROS, 0, bytes);
            if (differs >= 0) {
                at += differs - differs % WalFormat.ALIGNMENT_BYTES;
                break;
            }
            at += bytes;
        }
        return at - position;
    }

    /** Whether the last few bytes of the file, too few for a length word, are zero. */
    private boolean isZero(int bytes) throws IOException {
        int at = load(offset, bytes);
        for (int i = 0; i < bytes; i++) {
            if (window[at + i] != 0) {
                return false;
            }
        }
        return true;
    }

    /** Makes bytes of the file available in the window and returns where; there must be so many, and they must fit. */
    private int load(long position, int bytes) throws IOException {
        long in = position - windowStart;
        if (in < 0 || in + bytes > filled) {
            // Nothing of it counts if that fails.
            filled = 0;
            int wanted = (int) Math.min(window.length, size - position);
            readFully(ByteBuffer.wrap(window, 0, wanted), position);
            filled = wanted;
            windowStart = position;
            return 0;
        }
        return (int) in;
    }

    /** Eight bytes of the window, as the file's length words stand there. */
    private long word(int at) {
        long word = 0;
        for (int i = WalFormat.LENGTH_BYTES - 1; i >= 0; i--) {
            word = word << Byte.SIZE | window[at + i] & 0xff;
        }
        return word;
    }

    private void readFully(ByteBuffer target, long position) throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int read = channel.read(target, at);
            if (read < 0) {
                throw new IOException("segment became shorter while it was read, at offset " + at);
            }
            at += read;
        }
    }
}
