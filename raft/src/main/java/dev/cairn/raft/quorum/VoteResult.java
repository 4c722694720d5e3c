package dev.cairn.raft.quorum;

/** What a set of votes decides. */
public enum VoteResult {
    /** Open: outstanding votes can still decide either way. */
    PENDING,
    /** Lost: not even all outstanding votes could win. */
    LOST,
    /** Won: a quorum has agreed. */
    WON
}
