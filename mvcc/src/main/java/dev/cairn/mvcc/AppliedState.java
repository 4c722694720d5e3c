package dev.cairn.mvcc;

import com.google.protobuf.ByteString;

/**
 * How far the log had been applied when the store was last made durable. Immutable.
 *
 * @param index the last applied entry whose effects, and those of all entries before it, are in the store; 0 in a new store
 * @param term the Raft term of that entry
 * @param confState the configuration at that index in etcd's JSON form; empty in a new store
 */
public record AppliedState(long index, long term, ByteString confState) {}
