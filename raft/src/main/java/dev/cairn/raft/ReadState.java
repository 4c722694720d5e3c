package dev.cairn.raft;

import com.google.protobuf.ByteString;

/**
 * A granted linearizable read: it may be served once the state machine has applied {@code index}.
 *
 * @param requestContext the bytes given to {@link RaftNode#readIndex}
 */
public record ReadState(long index, ByteString requestContext) {}
