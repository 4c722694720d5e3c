package dev.cairn.raft.message;

import com.google.protobuf.ByteString;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that nodes, and a node and its own log and state machine, say to each other.
 *
 * <p>Immutable. One record with the field set of etcd's {@code raftpb.Message}, not a type per message: fields are
 * shared in ways that a mixed cluster depends on (a vote request may carry a context, a forwarded read carries its
 * request in the entries), and what a node receives it may have to pass on unchanged.
 *
 * @param type what is said
 * @param to the receiver
 * @param from the sender; for {@link MessageType#TRANSFER_LEADER} the node that shall lead
 * @param term the sender's term, the campaign's term for votes, zero for local messages and forwarded requests
 * @param logTerm the term of the entry at {@code index}
 * @param index an index whose meaning depends on the type
 * @param entries log entries, or the request of a read
 * @param commit a commit index
 * @param vote only in {@link MessageType#STORAGE_APPEND}: the vote to persist
 * @param snapshot a snapshot, if there is one
 * @param reject whether an answer refuses
 * @param rejectHint with a refused {@link MessageType#APP_RESP}: where the follower guesses that the logs agree
 * @param context opaque bytes: the identity of a read, or the reason of a campaign
 * @param responses only in messages to the local log and state machine: what to deliver when the work is done
 */
public record Message(
        MessageType type,
        long to,
        long from,
        long term,
        long logTerm,
        long index,
        List<Entry> entries,
        long commit,
        long vote,
        @Nullable Snapshot snapshot,
        boolean reject,
        long rejectHint,
        ByteString context,
        List<Message> responses) {
    /** No node: the id that is never given to a member. */
    public static final long NONE = 0;
    /** The address of the node's own log, for asynchronous storage writes. */
    public static final long LOCAL_APPEND_THREAD = -1;
    /** The address of the node's own state machine, for asynchronous storage writes. */
    public static final long LOCAL_APPLY_THREAD = -2;

    public Message {
        entries = List.copyOf(entries);
        responses = List.copyOf(responses);
    }

    /** Whether an id is the address of a local target and not a node. */
    public static boolean isLocalTarget(long id) {
        return id == LOCAL_APPEND_THREAD || id == LOCAL_APPLY_THREAD;
    }

    /** An empty message of this type. */
    public static Builder builder(MessageType type) {
        return new Builder(type);
    }

    /** A copy to change. */
    public Builder toBuilder() {
        return new Builder(type)
                .to(to)
                .from(from)
                .term(term)
                .log(logTerm, index)
                .entries(entries)
                .commit(commit)
                .vote(vote)
                .snapshot(snapshot)
                .reject(reject)
                .rejectHint(rejectHint)
                .context(context)
                .responses(responses);
    }

    /** Collects the fields of a message; what is not set stays zero or empty. */
    public static final class Builder {
        private final MessageType type;
        private long to;
        private long from;
        private long term;
        private long logTerm;
        private long index;
        private List<Entry> entries = List.of();
        private long commit;
        private long vote;
        private @Nullable Snapshot snapshot;
        private boolean reject;
        private long rejectHint;
        private ByteString context = ByteString.EMPTY;
        private List<Message> responses = List.of();

        private Builder(MessageType type) {
            this.type = type;
        }

        public Builder to(long id) {
            this.to = id;
            return this;
        }

        public Builder from(long id) {
            this.from = id;
            return this;
        }

        public Builder term(long value) {
            this.term = value;
            return this;
        }

        /** A place in the log. */
        public Builder log(long termThere, long indexThere) {
            this.logTerm = termThere;
            this.index = indexThere;
            return this;
        }

        public Builder index(long value) {
            this.index = value;
            return this;
        }

        public Builder entries(List<Entry> value) {
            this.entries = value;
            return this;
        }

        public Builder commit(long value) {
            this.commit = value;
            return this;
        }

        public Builder vote(long id) {
            this.vote = id;
            return this;
        }

        public Builder snapshot(@Nullable Snapshot value) {
            this.snapshot = value;
            return this;
        }

        public Builder reject(boolean value) {
            this.reject = value;
            return this;
        }

        public Builder rejectHint(long value) {
            this.rejectHint = value;
            return this;
        }

        public Builder context(ByteString value) {
            this.context = value;
            return this;
        }

        public Builder responses(List<Message> value) {
            this.responses = value;
            return this;
        }

        public Message build() {
            return new Message(
                    type,
                    to,
                    from,
                    term,
                    logTerm,
                    index,
                    entries,
                    commit,
                    vote,
                    snapshot,
                    reject,
                    rejectHint,
                    context,
                    responses);
        }
    }
}
