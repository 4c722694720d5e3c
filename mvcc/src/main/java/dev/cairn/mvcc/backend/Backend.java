package dev.cairn.mvcc.backend;

import java.util.List;
import java.util.function.LongConsumer;

/**
 * Ordered tables of bytes. Thread-safe: any thread may read, at most one write transaction is open at a time.
 *
 * <p>Keys are 1 to {@link #KEY_BYTES_MAX} bytes and ordered as unsigned bytes, a prefix before its extensions. Values may be
 * empty and have no bound of their own.
 *
 * <p>A reader sees the state of the last commit before its transaction was opened, whatever is written meanwhile. Readers
 * neither wait for the writer nor hold it up, but what they see cannot be reused on disk: transactions are short.
 *
 * <p>After {@link #close} every call throws {@link IllegalStateException}.
 */
public interface Backend extends AutoCloseable {
    int KEY_BYTES_MAX = 511;

    /** Opens a transaction on the newest committed state. Close it on the same thread. */
    ReadTxn read();

    /** Opens the write transaction; waits for nobody, so the caller sees to it that there is only one. */
    WriteTxn write();

    /** The bytes of all pages that hold something. Thread-safe and cheap: as of the last commit. */
    long sizeInUse();

    /** The bytes of the file, free pages included. */
    long sizeOnDisk();

    /** What the storage is made of, as of the last commit. Thread-safe and cheap. */
    BackendFigures figures();

    /**
     * Rewrites the storage without its free pages. No write transaction may be open or be opened meanwhile; readers go on,
     * except for the moment of the swap.
     *
     * @param pace told between two steps of the work for how many nanoseconds the last one went; may wait, so that others come to the disk
     * @return for how long readers could be held up, in nanoseconds
     */
    long defragment(LongConsumer pace);

    /**
     * Puts this backend in the place of another one, which has the same tables: a later open there finds what this one holds, whatever the moment
     * of a crash. The other one stays usable for its readers until it is closed; it must not be written to or rewritten any more.
     *
     * @throws BackendException when it cannot; then both are to be closed
     */
    void takePlaceOf(Backend other);

    /** Waits until all readers have closed their transactions, then releases everything. Idempotent. */
    @Override
    void close();

    /** Opens a backend with at least these tables. */
    interface Factory {
        Backend open(List<TableRef> tables);

        /**
         * Opens a backend to be filled in one go: its commits need not be durable, only its {@link Backend#close} makes them so. What a crash
         * before that leaves behind is of no use.
         */
        default Backend openForLoading(List<TableRef> tables) {
            return open(tables);
        }
    }
}
