package dev.cairn.server.loop;

/** Hears of rounds for linearizable reads that did not go well. Called on the Raft loop. */
public interface ReadIndexListener {
    /** A round got no answer in time. */
    void slow();

    /** A round was lost to a change of the leader. */
    void failed();
}
