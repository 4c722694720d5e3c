package dev.cairn.raft.message;

/** One step of a {@link ConfChangeV2}. A node id of zero makes the step do nothing. */
public record ConfChangeSingle(ConfChangeType type, long nodeId) {}
