package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import java.io.IOException;

/**
 * The port to the member that the transport serves. All methods but {@link #receiveSnapshot} are called on event loops, or within {@link
 * PeerTransport#send}: they must return at once, and a report from within {@code send} must not step the core but be queued for it.
 */
public interface RaftHost {
    /**
     * A message from another member, for the local member and not from a removed one. May be out of date or come twice.
     *
     * @return whether it was taken; no, if the queue to the core is full. Then the message is dropped, which Raft expects of a network
     */
    boolean process(Message message);

    /** Whether a member has been removed from the cluster for ever. */
    boolean isRemoved(long id);

    /** A message to a member could not be delivered. */
    void reportUnreachable(long id);

    /** How sending a snapshot to a member ended; said once for each snapshot message. */
    void reportSnapshot(long id, boolean delivered);

    /**
     * A snapshot arrives: where its database goes. Called on the executor for what blocks, as are the methods of the result. The message is
     * given to {@link #process} after the database is safe.
     *
     * @throws IOException if there is no place for it; the sender is told, and will try again
     */
    SnapshotSink receiveSnapshot(Message message) throws IOException;

    /** A peer says that the local member has been removed from the cluster: the process has to end. May be said many times. */
    void removedFromCluster(long toldBy);
}
