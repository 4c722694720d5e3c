package dev.cairn.raft;

/** How a leader makes sure that it still leads before it grants a read. */
public enum ReadOnlyOption {
    /** A heartbeat round to a quorum; correct without any clock. */
    SAFE,
    /** Trusts the leader lease that check-quorum keeps; wrong if clocks drift beyond an election timeout. */
    LEASE_BASED
}
