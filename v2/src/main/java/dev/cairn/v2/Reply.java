package dev.cairn.v2;

/** What a request is answered with. */
public sealed interface Reply permits Reply.Complete, Reply.Waiting {
    /**
     * A whole answer. Immutable.
     *
     * @param index the store's revision, for its header
     * @param raft whether Raft's position is told too
     */
    record Complete(int status, String body, long index, boolean raft) implements Reply {}

    /**
     * An answer whose head goes out now and whose events come when they come.
     *
     * @param index the store's revision when the waiting began
     * @param events to be begun when the head has gone out
     */
    record Waiting(long index, EventStream events) implements Reply {}
}
