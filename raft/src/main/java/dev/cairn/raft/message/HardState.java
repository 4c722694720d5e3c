package dev.cairn.raft.message;

/**
 * What a node must remember across a restart: its term, whom it voted for in that term (zero: nobody) and the highest
 * index it knows to be committed.
 */
public record HardState(long term, long vote, long commit) {
    /** The state of a node that has never heard of anything. */
    public static final HardState EMPTY = new HardState(0, 0, 0);

    /** Whether nothing is set; in a {@code Ready} that means "unchanged". */
    public boolean isEmpty() {
        return term == 0 && vote == 0 && commit == 0;
    }
}
