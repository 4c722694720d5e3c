/**
 * The values that raft nodes exchange and persist: entries, hard state, snapshots, membership changes and messages.
 *
 * <p>Read {@link dev.cairn.raft.message.Message} first, then {@link dev.cairn.raft.message.Entry} and {@link
 * dev.cairn.raft.message.ConfState}. Everything here is immutable and may be shared between threads. Each type has
 * exactly the fields of its namesake in etcd's {@code raftpb}, so that a conversion in either direction loses nothing;
 * the conversion itself lives outside, because the core knows no wire format. The one exception is {@link
 * dev.cairn.raft.message.ConfChangeFormat}: membership changes travel as bytes inside log entries, and the leader has
 * to read them.
 *
 * <p>Ids are unsigned 64-bit numbers: they compare with {@link Long#compareUnsigned} and print in hexadecimal. Terms
 * and indexes never leave the positive range.
 */
@NullMarked
package dev.cairn.raft.message;

import org.jspecify.annotations.NullMarked;
