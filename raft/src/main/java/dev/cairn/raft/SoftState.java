package dev.cairn.raft;

/**
 * What everybody wants to know about a node and nobody needs to persist.
 *
 * @param leader the leader this node knows of, or zero
 */
public record SoftState(long leader, RaftRole role) {}
