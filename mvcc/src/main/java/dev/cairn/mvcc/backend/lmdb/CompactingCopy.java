package dev.cairn.mvcc.backend.lmdb;

import dev.cairn.mvcc.backend.TableRef;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;
import org.lmdbjava.Cursor;
import org.lmdbjava.PutFlags;
import org.lmdbjava.SeekOp;
import org.lmdbjava.Txn;

/**
 * Writes what an environment holds into an empty one, each table in the order of its keys, so that pages are full and hardly any is free.
 *
 * <p>LMDB's own copy is faster, but keeps the disk busy from beginning to end, and a sync of the log, for which all writers wait, gets through only
 * behind several of its writes. This one goes by steps. What a step has written is on disk when it ends, so a sync finds no more than one step
 * before it, and whoever sets the pace may wait between two.
 *
 * <p>Confined to the caller's thread. Nobody may write to the source meanwhile.
 */
final class CompactingCopy {
    /** What a slow disk takes in some ten milliseconds. */
    private static final int STEP_BYTES = 1 << 20;

    private final LmdbEnvironment to;
    private final LongConsumer pace;
    private Txn<ByteBuffer> step;
    private int stepBytes;
    private long startedNanos;

    private CompactingCopy(LmdbEnvironment to, LongConsumer pace) {
        this.to = to;
        this.pace = pace;
        this.step = to.txnWrite();
        this.startedNanos = System.nanoTime();
    }

    /**
     * Copies all tables. What has been written is on disk at the end, but for what the file system says of the file.
     *
     * @param to an environment that does not sync by itself
     * @param pace told between two steps for how many nanoseconds the last one went; may wait
     * @throws org.lmdbjava.LmdbException when LMDB cannot read or write
     */
    static void write(LmdbEnvironment from, LmdbEnvironment to, Iterable<TableRef> tables, LongConsumer pace) {
        LmdbReader reader = from.takeReader();
        MappedPages.Walk walk = from.pages().walk();
        try {
            new CompactingCopy(to, pace).take(from, reader, walk, tables);
        } finally {
            walk.end();
            from.giveBack(reader);
        }
    }

    private void take(LmdbEnvironment from, LmdbReader reader, MappedPages.Walk walk, Iterable<TableRef> tables) {
        try {
            for (TableRef table : tables) {
                try (Cursor<ByteBuffer> cursor = from.dbi(table).openCursor(reader.txn)) {
                    for (boolean at = cursor.first(); at; at = cursor.seek(SeekOp.MDB_NEXT)) {
                        walk.passed(cursor.val().remaining());
                        append(table, cursor.key(), cursor.val());
                    }
                }
            }
            endStep();
        } finally {
            step.close();
        }
    }

    private void append(TableRef table, ByteBuffer key, ByteBuffer value) {
        if (stepBytes >= STEP_BYTES) {
            endStep();
            pace.accept(System.nanoTime() - startedNanos);
            startedNanos = System.nanoTime();
            stepBytes = 0;
            step = to.txnWrite();
        }
        stepBytes += key.remaining() + value.remaining();
        to.dbi(table).put(step, key, value, PutFlags.MDB_APPEND);
    }

    private void endStep() {
        step.commit();
        step.close();
        to.sync();
    }
}
