package dev.cairn.raft;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.progress.Progress;
import dev.cairn.raft.progress.ProgressTracker;
import java.util.List;

/**
 * Sends the leader's log to the members: entries where they can be had, a snapshot where they cannot.
 *
 * <p>Confined to the leader role, and made for one term. Decides what to send from the progress of the member, and
 * notes there what it has sent.
 */
final class Replicator {
    private final RaftConfig config;
    private final long term;
    private final RaftLog log;
    private final Outbox outbox;
    private final Narrator narrator;
    private final ProgressTracker tracker;

    Replicator(RaftConfig config, long term, RaftLog log, Outbox outbox, Narrator narrator, ProgressTracker tracker) {
        this.config = config;
        this.term = term;
        this.log = log;
        this.outbox = outbox;
        this.narrator = narrator;
        this.tracker = tracker;
    }

    /** Sends to everybody who can take something, even if it is only the commit index. */
    void broadcastAppend() {
        toOthers(this::sendAppend);
    }

    /** Sends to everybody for whom there are entries. */
    void broadcastEntries() {
        toOthers((id, progress) -> maybeSendAppend(id, progress, false));
    }

    private interface Visit {
        void visit(long id, Progress progress);
    }

    private void toOthers(Visit visit) {
        tracker.forEach((id, progress) -> {
            if (id != config.id()) {
                visit.visit(id, progress);
            }
        });
    }

    /** Sends an append message, an empty one if there are no entries to send. */
    void sendAppend(long to, Progress progress) {
        maybeSendAppend(to, progress, true);
    }

    /** Sends append messages until there are no more entries or no more room. */
    void sendEntriesWhilePossible(long to, Progress progress) {
        boolean more = true;
        while (more) {
            more = maybeSendAppend(to, progress, false);
        }
    }

    private boolean maybeSendAppend(long to, Progress progress, boolean evenIfEmpty) {
        if (progress.isPaused()) {
            return false;
        }
        long prevIndex = progress.next() - 1;
        long prevTerm;
        List<Entry> entries;
        try {
            prevTerm = log.term(prevIndex);
            // With a full window only an empty message may pass. It probes: if what is in the window got lost, the
            // member refuses it, and replication starts again from what the member has.
            entries =
                    progress.isWindowFull() ? List.of() : log.entriesFrom(progress.next(), config.maxSizePerMessage());
        } catch (StorageException e) {
            return maybeSendSnapshot(to, progress);
        }
        if (entries.isEmpty() && !evenIfEmpty) {
            return false;
        }
        outbox.add(message(MessageType.APP, to)
                .log(prevTerm, prevIndex)
                .entries(entries)
                .commit(log.committed())
                .build());
        progress.sentEntries(entries.size(), Entry.payloadBytes(entries));
        progress.sentCommit(log.committed());
        return true;
    }

    private boolean maybeSendSnapshot(long to, Progress progress) {
        if (!progress.isRecentActive()) {
            narrator.snapshotToInactive(to);
            return false;
        }
        Snapshot snapshot;
        try {
            snapshot = log.snapshot();
        } catch (StorageException e) {
            if (e.reason() != StorageException.Reason.SNAPSHOT_TEMPORARILY_UNAVAILABLE) {
                throw new IllegalStateException("no snapshot for a compacted log: " + e.getMessage(), e);
            }
            narrator.snapshotUnavailable(to);
            return false;
        }
        if (snapshot.isEmpty()) {
            throw new IllegalStateException("the log is compacted and there is no snapshot");
        }
        narrator.snapshotSent(to, log.firstIndex(), log.committed(), snapshot.metadata(), progress);
        progress.becomeSnapshot(snapshot.metadata().index());
        narrator.replicationPaused(to, progress);
        outbox.add(message(MessageType.SNAP, to).snapshot(snapshot).build());
        return true;
    }

    /** Tells everybody that the leader is alive. */
    void broadcastHeartbeat(ByteString context) {
        toOthers((id, progress) -> {
            // Not beyond what is known to agree: entries of the member after that may not be the leader's.
            long commit = Math.min(progress.match(), log.committed());
            outbox.add(message(MessageType.HEARTBEAT, id)
                    .commit(commit)
                    .context(context)
                    .build());
            progress.sentCommit(commit);
        });
    }

    /** Makes a member campaign at once. */
    void sendTimeoutNow(long to) {
        outbox.add(message(MessageType.TIMEOUT_NOW, to).build());
    }

    /** Tells a member where it may read. */
    void sendReadIndex(Message request, long index) {
        outbox.add(message(MessageType.READ_INDEX_RESP, request.from())
                .index(index)
                .entries(request.entries())
                .build());
    }

    private Message.Builder message(MessageType type, long to) {
        return Message.builder(type).to(to).from(config.id()).term(term);
    }
}
