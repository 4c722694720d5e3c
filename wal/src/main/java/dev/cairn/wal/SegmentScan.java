package dev.cairn.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Reads the records of one segment, checks them against the running checksum, and judges what is wrong at the place
 * where the reading ends. Confined to its owner; the checksum is handed on from segment to segment.
 */
final class SegmentScan {
    private final Path file;
    private final FileChannel channel;
    private final ChainedCrc crc;
    private final boolean first;
    private final boolean last;
    private final WalFrameReader frames;

    /**
     * @param first whether the segments before this one were not read, so that the checksum starts with it
     * @param last whether this is the last segment of the log, the only one that a crash can have torn
     */
    SegmentScan(Path file, FileChannel channel, ChainedCrc crc, boolean first, boolean last) throws IOException {
        this.file = file;
        this.channel = channel;
        this.crc = crc;
        this.first = first;
        this.last = last;
        this.frames = new WalFrameReader(channel, 0);
    }

    /**
     * Goes to the next record; false at the end of the segment.
     *
     * @throws WalException.Torn if the last write before a crash ends here
     * @throws WalException.Damaged if a record is wrong in any other way
     */
    boolean next() throws IOException {
        switch (frames.read()) {
            case RECORD -> {
                check();
                return true;
            }
            case END -> {
                if (frames.offset() == 0) {
                    throw damaged("the segment is empty");
                }
                if (last && WalTail.holdsLaterBatch(channel, frames.offset(), false)) {
                    throw damaged("zeros stand before later records");
                }
                return false;
            }
            case BEYOND_END ->
                throw tornUnlessLaterBatch("the record's length leads beyond the end of the file", false);
            case MALFORMED -> throw tornIfSectorLost("not a record");
        }
        throw new AssertionError("unreachable");
    }

    int type() {
        return frames.type();
    }

    RecordBytes data() {
        return frames.data();
    }

    /** Where the current record starts; at the end of the segment: where the next one will. */
    long offset() {
        return frames.offset();
    }

    WalException.Damaged damaged(String reason) {
        return new WalException.Damaged(file, frames.offset(), reason);
    }

    private void check() throws IOException {
        boolean start = frames.offset() == 0;
        if (frames.type() == WalFormat.TYPE_CRC) {
            if (!start) {
                throw damaged("a checksum record stands in the middle of the segment");
            }
            if (!first && crc.value() != frames.crc()) {
                throw damaged("the segment does not continue the one before it, whose end is missing or damaged");
            }
            crc.continueFrom(frames.crc());
            return;
        }
        if (start) {
            throw damaged("the segment does not start with a checksum record");
        }
        frames.data().addTo(crc);
        if (crc.value() != frames.crc()) {
            throw tornIfSectorLost("checksum mismatch");
        }
    }

    private WalException tornIfSectorLost(String reason) throws IOException {
        long start = frames.offset() + WalFormat.LENGTH_BYTES;
        return last && WalTail.hasZeroSector(channel, start, frames.next())
                ? tornUnlessLaterBatch(reason, frames.type() == WalFormat.TYPE_ENTRY)
                : damaged(reason);
    }

    private WalException tornUnlessLaterBatch(String reason, boolean amidEntries) throws IOException {
        long behind = frames.offset() + WalFormat.ALIGNMENT_BYTES;
        return !last || WalTail.holdsLaterBatch(channel, behind, amidEntries)
                ? damaged(reason)
                : new WalException.Torn(file, frames.offset());
    }
}
