package dev.cairn.wal;

import dev.cairn.raft.message.Entry;

/**
 * Takes a log as {@link WalReader} reads it, in the order in which it was written, which is not yet the log that stands: leaders that came later
 * replaced some of it. Whoever does as both methods say has the log that stands when the reader is at its end. Called by the
 * thread that reads.
 */
public interface LogSink {
    /** The next entry. It replaces the one at its index, if there was one, and all that came after that. */
    void entry(Entry entry);

    /**
     * All entries so far were replaced: by entries up to the place from which the log is read, or by a snapshot of that place, which a leader
     * sent. The next entry is the first one behind that place again.
     */
    void restart();
}
