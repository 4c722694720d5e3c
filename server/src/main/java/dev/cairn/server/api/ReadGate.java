package dev.cairn.server.api;

/** Tells when a linearizable read may be answered from this member's store. Thread-safe; never blocks. */
public interface ReadGate {
    /**
     * Completes, with an index that is applied, once the store holds everything that was acknowledged anywhere before this
     * call; at once, on the calling thread, where that is already known, else on the event loop that the caller is on, or on a thread for reads when it is on
     * none. Fails with TIMEOUT, LEADER_CHANGED or STOPPED.
     */
    void await(Completion<Long> completion);
}
