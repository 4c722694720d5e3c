package dev.cairn.server.peer;

import dev.cairn.peers.SnapshotSink;
import dev.cairn.peers.SnapshotSource;
import dev.cairn.raft.message.Message;
import java.io.IOException;
import java.util.function.Consumer;

/** What members exchange when one lags too far behind: a whole store instead of entries. Thread-safe. */
public interface SnapshotExchange {
    /**
     * The core wants a member to have a snapshot. Called on the Raft loop; must not block. What is to be sent is handed to the transport later, on
     * any thread; when it does not come to that, the core is told that the snapshot was lost.
     */
    void send(Message message, Consumer<SnapshotSource> transport);

    /**
     * Where the database of a snapshot that arrives goes. May block.
     *
     * @throws IOException when there is no place for it; the sender is told, and will try again
     */
    SnapshotSink sink(Message message) throws IOException;
}
