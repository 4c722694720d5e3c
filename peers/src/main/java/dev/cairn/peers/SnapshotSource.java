package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import java.io.IOException;
import java.io.InputStream;

/** One snapshot for one member: the message and the database that goes with it. */
public interface SnapshotSource {
    /** The message, of type snapshot, with its receiver. */
    Message message();

    /** Opens the database; called at most once, on the executor for what blocks, where it is also read and closed. */
    InputStream open() throws IOException;

    /** The source is not needed any more. Called exactly once for each source, on any thread, after the stream is closed. */
    void release(boolean delivered);
}
