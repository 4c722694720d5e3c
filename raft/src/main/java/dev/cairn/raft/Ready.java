package dev.cairn.raft;

import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.Snapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a node wants done, collected since the previous one.
 *
 * <p>Immutable; may be handed to other threads part by part. There are two ways to work it off:
 *
 * <p><b>Synchronous mode.</b> In this order: send {@link #messages} at any time; persist {@link #snapshot}, {@link
 * #entries} and {@link #hardState}, synced to disk if {@link #mustSync}; send {@link #messagesAfterAppend}; apply {@link
 * #committedEntries}; call {@link RaftNode#advance}. The next {@code Ready} may be taken only after that.
 *
 * <p><b>Asynchronous storage writes.</b> Send {@link #messages} at any time; hand {@link #storageAppend} to the log and
 * {@link #storageApply} to the state machine, and take the next {@code Ready} whenever there is one. Either target works
 * its messages off in order. It reads everything from the message: term, vote and commit (all zero: hard state
 * unchanged), entries, snapshot; and when that is durable or applied, it delivers the attached responses in order, those
 * to this node by {@link RaftNode#step} and the others by the network. {@link #entries}, {@link #hardState}, {@link
 * #snapshot} and {@link #committedEntries} repeat the same work for those who want to look at it. {@link #mustSync} says
 * whether the append has to reach the disk before its responses may leave.
 *
 * @param softState leader and role, if one of them has changed
 * @param hardState the hard state to persist, {@link HardState#EMPTY} if unchanged
 * @param readStates reads that have been granted
 * @param entries entries to append to the log; the first may overwrite what the log has from its index on
 * @param snapshot a snapshot that replaces log and state machine, {@link Snapshot#EMPTY} if none
 * @param committedEntries entries for the state machine, in order and without gaps
 * @param messages to other nodes, whatever the disk does
 * @param messagesAfterAppend to other nodes, once this {@code Ready} is durable; empty in asynchronous mode, where they
 *     hang on {@link #storageAppend}
 * @param storageAppend work for the log, only in asynchronous mode
 * @param storageApply work for the state machine, only in asynchronous mode
 * @param mustSync whether term, vote or entries have changed; a new commit index alone needs no sync
 */
public record Ready(
        @Nullable SoftState softState,
        HardState hardState,
        List<ReadState> readStates,
        List<Entry> entries,
        Snapshot snapshot,
        List<Entry> committedEntries,
        List<Message> messages,
        List<Message> messagesAfterAppend,
        @Nullable Message storageAppend,
        @Nullable Message storageApply,
        boolean mustSync) {}
