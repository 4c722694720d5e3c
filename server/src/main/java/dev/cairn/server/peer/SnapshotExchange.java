package dev.cairn.server.peer;

import dev.cairn.peers.SnapshotSink;
import dev.cairn.peers.SnapshotSource;
import dev.cairn.raft.message.Message;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What members exchange when one lags too far behind: a whole store instead of entries. Thread-safe. */
public interface SnapshotExchange {
    /** Neither sends nor takes: the core asks again, and the other member tries again. */
    SnapshotExchange NONE = new SnapshotExchange() {
        @Override
        public @Nullable SnapshotSource source(Message message) {
            return null;
        }

        @Override
        public SnapshotSink sink(Message message) throws IOException {
            throw new IOException("this member does not take snapshots");
        }
    };

    /**
     * What goes out with a snapshot message of the core. Called on the Raft loop; must not block.
     *
     * @return null when there is nothing to send now; the core is told that the snapshot was lost
     */
    @Nullable
    SnapshotSource source(Message message);

    /**
     * Where the database of a snapshot that arrives goes. May block.
     *
     * @throws IOException when there is no place for it; the sender is told, and will try again
     */
    SnapshotSink sink(Message message) throws IOException;
}
