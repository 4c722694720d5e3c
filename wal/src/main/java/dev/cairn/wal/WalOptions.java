package dev.cairn.wal;

import java.util.concurrent.Executor;

/** How a log is written. Immutable. */
public final class WalOptions {
    /** Enough for a thousand small entries in one write; larger batches take several. */
    private static final int BUFFER_BYTES = 1 << 20;

    final Executor helper;
    final WalListener listener;
    final long segmentBytes;
    final int bufferBytes;
    final WalFiles files;
    final boolean syncs;

    private WalOptions(
            Executor helper, WalListener listener, long segmentBytes, int bufferBytes, WalFiles files, boolean syncs) {
        this.helper = helper;
        this.listener = listener;
        this.segmentBytes = segmentBytes;
        this.bufferBytes = bufferBytes;
        this.files = files;
        this.syncs = syncs;
    }

    /**
     * The normal way.
     *
     * @param helper prepares segments and fills them with zeros ahead of the writer. One thread is enough; each task writes and
     *     syncs up to a whole segment. Without a free thread the log works, but cutting a segment waits for the disk. Its threads must not be
     *     interrupted before the log is closed: that closes the file they work on, and with it the lock on the segment
     */
    public static WalOptions of(Executor helper, WalListener listener) {
        return new WalOptions(helper, listener, WalFormat.SEGMENT_BYTES, BUFFER_BYTES, WalFiles.REAL, true);
    }

    /** With segments of this size, where etcd's would be too large: a simulation has many logs, and wants to see segments end. */
    public WalOptions withSegmentBytes(long bytes) {
        return new WalOptions(helper, listener, bytes, bufferBytes, files, syncs);
    }

    WalOptions withBufferBytes(int bytes) {
        return new WalOptions(helper, listener, segmentBytes, bytes, files, syncs);
    }

    WalOptions withFiles(WalFiles door) {
        return new WalOptions(helper, listener, segmentBytes, bufferBytes, door, syncs);
    }

    /** Batches and snapshot records are not synced: a crash of the machine may lose what was acknowledged. For tests of others. */
    public WalOptions withoutSync() {
        return new WalOptions(helper, listener, segmentBytes, bufferBytes, files, false);
    }
}
