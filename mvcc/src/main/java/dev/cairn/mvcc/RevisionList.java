package dev.cairn.mvcc;

import com.google.protobuf.CodedInputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Many revisions, to be read in the order in which they came. Each is kept as the distance of its main revision to that of the one before and its
 * sub revision, both as protobuf's variable-length integers: some three bytes for keys that were written about the same time. Not thread-safe.
 */
final class RevisionList {
    private static final int CHUNK_BYTES = 4096;
    private static final int VARINT_BYTES_MAX = 10;

    private final List<byte[]> chunks = new ArrayList<>();
    private int inLast = CHUNK_BYTES;
    private long lastMain;
    private int size;

    void add(Revision revision) {
        if (CHUNK_BYTES - inLast < 2 * VARINT_BYTES_MAX) {
            chunks.add(new byte[CHUNK_BYTES]);
            inLast = 0;
        }
        byte[] chunk = chunks.get(chunks.size() - 1);
        long distance = revision.main() - lastMain;
        inLast = put(chunk, inLast, distance << 1 ^ distance >> 63);
        inLast = put(chunk, inLast, revision.sub());
        lastMain = revision.main();
        size++;
    }

    private static int put(byte[] to, int offset, long number) {
        int at = offset;
        long left = number;
        for (; (left & ~0x7fL) != 0; left >>>= 7) {
            to[at++] = (byte) (left | 0x80);
        }
        to[at++] = (byte) left;
        return at;
    }

    int size() {
        return size;
    }

    /** From the first one on. */
    Walk walk() {
        return new Walk();
    }

    /** Hands out one after the other. */
    final class Walk {
        private int chunk;
        private int at;
        private int given;
        private long main;

        boolean hasNext() {
            return given < size;
        }

        Revision next() {
            // As where it was written: what is left of a chunk is too short for two numbers.
            if (CHUNK_BYTES - at < 2 * VARINT_BYTES_MAX) {
                chunk++;
                at = 0;
            }
            main += CodedInputStream.decodeZigZag64(varint());
            given++;
            return new Revision(main, varint());
        }

        private long varint() {
            byte[] from = chunks.get(chunk);
            long number = 0;
            int shift = 0;
            byte read;
            do {
                read = from[at++];
                number |= (read & 0x7fL) << shift;
                shift += 7;
            } while (read < 0);
            return number;
        }
    }
}
