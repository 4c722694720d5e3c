package dev.cairn.peers;

/**
 * Hears what is worth counting. Called on event loops and by callers of {@link PeerTransport#send}, possibly at the same time; must return at
 * once.
 */
public interface PeerListener {
    /** Hears nothing. */
    PeerListener SILENT = new PeerListener() {};

    /** There is a working connection with a peer. */
    default void peerActive(long id) {}

    /** The last thing tried with a peer that was active has failed. */
    default void peerInactive(long id) {}

    /** Bytes have left for a member. */
    default void sent(long id, long bytes) {}

    /** Bytes of messages or snapshots have come from a member. */
    default void received(long id, long bytes) {}

    /** A message to a member was dropped or lost. */
    default void sendFailed(long id) {}

    /**
     * A message could not be taken.
     *
     * @param from the member's id in hexadecimal, or the remote address where no member is known yet
     */
    default void receiveFailed(String from) {}

    /** A probe has come back. The value is smoothed over the last probes, as etcd's. */
    default void roundTrip(long id, long nanos) {}

    /** A snapshot is on its way to a member. */
    default void snapshotSendBegun(long id) {}

    /** Its end, well or not. */
    default void snapshotSendEnded(long id, boolean delivered, long nanos) {}

    /** The database of a snapshot begins to arrive. */
    default void snapshotReceiveBegun(long id) {}

    /** Its end, well or not. */
    default void snapshotReceiveEnded(long id, boolean saved, long nanos) {}

    /** A snapshot was refused before it was known whose it is. */
    default void snapshotRefused() {}
}
