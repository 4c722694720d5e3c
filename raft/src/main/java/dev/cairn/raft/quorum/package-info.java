/**
 * Who makes a majority: pure functions over sets of voters.
 *
 * <p>Read {@link dev.cairn.raft.quorum.MajorityQuorum}, then {@link dev.cairn.raft.quorum.JointQuorum}, which needs a
 * majority in both of its halves, and {@link dev.cairn.raft.quorum.VoteResult}. Everything is immutable. The package
 * knows neither messages nor logs: an index or a vote is a number that somebody looks up by id.
 */
@NullMarked
package dev.cairn.raft.quorum;

import org.jspecify.annotations.NullMarked;
