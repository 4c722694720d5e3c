package dev.cairn.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Tells a torn tail from damage, at a place of the last segment where reading cannot go on. Pure functions over a file.
 *
 * <p><b>What can be torn.</b> A disk loses whole sectors of what was not synced, in any order. A torn record therefore runs
 * past the end of the file or has a sector of zeros in it; a record that is wrong in any other way was damaged later.
 *
 * <p><b>What cannot be torn.</b> A sector of zeros may be a client's own zeros in a record with a flipped bit, a wrong length may
 * lead past the end of a whole log, and a lost sector may have held a length word, so that the log seems to end there. But only
 * the last batch with entries can have been under way in a crash, and batches are entries first and one hard state last. So if
 * intact entries, a hard state, and entries again follow the place, then it belongs to a batch that was durable.
 * Intact means that two records in sequence agree through the chained checksum.
 */
final class WalTail {
    /** Zeros as long as this are taken for the unwritten rest of the segment. */
    private static final long ZEROS_BYTES_MAX = 4 << 20;

    /** Crafted values can hold frames within frames; whoever reads this much has looked long enough. */
    private static final long INSPECTED_BYTES_MAX = 1L << 30;

    private WalTail() {}

    /** Whether a sector, or the part of one that belongs to this range, is all zeros. */
    static boolean hasZeroSector(FileChannel channel, long from, long to) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(WalFormat.SECTOR_BYTES);
        for (long at = from; at < to; ) {
            long end = Math.min(to, at - at % WalFormat.SECTOR_BYTES + WalFormat.SECTOR_BYTES);
            sector.clear().limit((int) (end - at));
            if (channel.read(sector, at) == end - at && isZero(sector.flip())) {
                return true;
            }
            at = end;
        }
        return false;
    }

    /**
     * Whether a batch that was written after another one stands behind this place.
     *
     * @param amidEntries whether the record that cannot be read is known to be an entry
     */
    static boolean holdsLaterBatch(FileChannel channel, long from, boolean amidEntries) throws IOException {
        WalFrameReader frames = new WalFrameReader(channel, from);
        ChainedCrc crc = new ChainedCrc();
        Batches batches = new Batches(amidEntries);
        long inspected = 0;
        for (long at = from; at < frames.size() && inspected < INSPECTED_BYTES_MAX; at += WalFormat.ALIGNMENT_BYTES) {
            long zeros = frames.zeroBytes(at, ZEROS_BYTES_MAX + 1);
            if (zeros > ZEROS_BYTES_MAX) {
                return false;
            }
            at += zeros;
            frames.seek(at);
            WalFrameReader.Found found = frames.read();
            // Follow the frames from here as long as each continues the checksum of the one before it.
            while (found == WalFrameReader.Found.RECORD) {
                crc.continueFrom(frames.crc());
                long next = frames.next();
                found = frames.read();
                inspected += frames.next() - next;
                if (found != WalFrameReader.Found.RECORD) {
                    break;
                }
                frames.data().addTo(crc);
                if (crc.value() != frames.crc()) {
                    break;
                }
                if (batches.add(frames.type())) {
                    return true;
                }
                at = next - WalFormat.ALIGNMENT_BYTES;
            }
        }
        return false;
    }

    private static boolean isZero(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            if (bytes.get() != 0) {
                return false;
            }
        }
        return true;
    }

    /** Counts how far the sequence entry, state, entry has come. */
    private static final class Batches {
        private boolean entry;
        private boolean state;

        Batches(boolean entry) {
            this.entry = entry;
        }

        boolean add(int type) {
            if (type == WalFormat.TYPE_ENTRY) {
                if (state) {
                    return true;
                }
                entry = true;
            } else if (type == WalFormat.TYPE_STATE && entry) {
                state = true;
            }
            return false;
        }
    }
}
