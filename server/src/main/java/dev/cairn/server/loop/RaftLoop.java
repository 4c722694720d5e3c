package dev.cairn.server.loop;

import com.google.protobuf.ByteString;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.RaftNode;
import dev.cairn.raft.RaftRole;
import dev.cairn.raft.ReadState;
import dev.cairn.raft.Ready;
import dev.cairn.raft.SoftState;
import dev.cairn.raft.StepOutcome;
import dev.cairn.raft.StorageException;
import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.apply.ApplyLoop;
import dev.cairn.server.thread.Duty;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

/**
 * The only owner of the Raft core. Each round takes in what has come (answers of the log and apply loops, messages, ticks,
 * proposals, reads) and then passes on what the core makes of it: entries to the log, committed entries to the apply loop,
 * messages to the members.
 *
 * <p>Confined to its thread. It never blocks and never touches a file, so heartbeats are never behind an append: a slow disk
 * delays {@link LogLoop}, whose answers then simply come later. (A member that is the only voter owes nobody a heartbeat
 * and runs all three loops on one thread.)
 *
 * <p>Proposals wait in their queue while there is no leader, and fail there when their time is up.
 */
public final class RaftLoop implements Duty {
    /** What one round takes from the queue of proposals, so that ticks and messages get their turn. */
    private static final int ROUND_PROPOSALS_MAX = 5000;

    private static final long ROUND_BYTES_MAX = 8L << 20;

    /** How many entries may gather behind the applied index before those that nobody needs are dropped from memory. */
    private static final long COMPACT_EVERY_ENTRIES = 1000;

    /** How much memory the entries kept for slow followers may take: beyond it they are served a snapshot. */
    private static final long RETAINED_BYTES_MAX = 256L << 20;

    /** The same for a member alone, where nobody asks for them: a thousand large entries would outlive the young generation of the heap. */
    private static final long ALONE_BYTES_MAX = 2L << 20;

    /** As long as a member is being sent a snapshot: what it needs then comes before memory, within this. */
    private static final long HELD_BYTES_MAX =
            Math.max(RETAINED_BYTES_MAX, Runtime.getRuntime().maxMemory() / 4);

    /** What the loop drives and feeds. */
    public record Parts(
            StatusBoard status,
            RaftInbox inbox,
            Proposals proposals,
            RaftControl control,
            ReadIndexQueue reads,
            LogLoop log,
            ApplyLoop apply,
            PeerSender peers,
            RoleListener roles) {}

    private final long memberId;
    private final RaftNode raft;
    private final MemoryRaftStorage storage;
    private final Parts parts;
    private final long tickNanos;
    private final long retainedEntries;
    private final long compactEvery;
    private long nextTickNanos;
    private SoftState softState = new SoftState(0, RaftRole.FOLLOWER);
    private HardState hardState;
    private ConfState confState;
    private long compactedTo;
    private final LogHolds holds;

    /** The last snapshot from a leader: changes of membership before it are in it. */
    private long restoredTo;

    /**
     * What the log has written and the core has not heard of: a snapshot that is being installed, and what came after it. No more than a
     * leader sends without an answer.
     */
    private final Queue<Message> unheard = new ArrayDeque<>();

    /** Proposals that the core would not take; they are tried again with the next tick or leader. */
    private List<ByteString> held = List.of();

    private boolean mayTryHeld;

    /**
     * @param storage the log in memory, which the core reads and this loop alone writes
     * @param tickMillis the length of a tick
     * @param retainedEntries how many applied entries stay in memory for slow followers, where there are any
     * @param holds what keeps more of them in memory, for members that are being sent a snapshot
     */
    public RaftLoop(
            long memberId,
            RaftNode raft,
            MemoryRaftStorage storage,
            Parts parts,
            long tickMillis,
            long retainedEntries,
            LogHolds holds,
            long nowNanos) {
        this.holds = holds;
        this.retainedEntries = retainedEntries;
        this.compactEvery = Math.max(1, Math.min(retainedEntries, COMPACT_EVERY_ENTRIES));
        this.memberId = memberId;
        this.raft = raft;
        this.storage = storage;
        this.parts = parts;
        this.tickNanos = TimeUnit.MILLISECONDS.toNanos(tickMillis);
        this.nextTickNanos = nowNanos + tickNanos;
        this.hardState = storage.initialState().hardState();
        this.confState = raft.status().configuration();
        parts.status().hardState(hardState.term(), hardState.commit());
        publishConfiguration();
        campaignIfSolo();
    }

    /** Campaigns at once where nobody else could win: the only voter need not wait for a time-out. */
    private void campaignIfSolo() {
        if (isSolo() && softState.leader() == 0) {
            raft.campaign();
        }
    }

    @Override
    public int doWork(long nowNanos) {
        int work = takeAnswers(nowNanos) + takeMessages() + tick(nowNanos) + propose() + read(nowNanos);
        work += parts.control().doWork(raft, softState.leader(), parts.apply().appliedIndex());
        while (raft.hasReady()) {
            pass(raft.ready());
            work++;
        }
        return work;
    }

    @Override
    public long nextDeadlineNanos() {
        return nextTickNanos;
    }

    private int takeAnswers(long nowNanos) {
        int work = 0;
        RaftInbox.Answer answer;
        while ((answer = parts.inbox().nextAnswer()) != null) {
            work++;
            if (answer instanceof RaftInbox.Durable durable) {
                keep(durable.append());
            } else if (answer instanceof RaftInbox.Installed) {
                respondToInstalled();
                parts.reads().applied(parts.apply().appliedIndex());
            } else if (answer instanceof RaftInbox.Applied applied) {
                if (lastIndex(applied.batch()) > restoredTo) {
                    for (ConfChange change : applied.confChanges()) {
                        confState = raft.applyConfChange(change.asV2());
                        publishConfiguration();
                    }
                }
                respond(applied.batch());
                if (!applied.confChanges().isEmpty()) {
                    campaignIfSolo();
                    applied.confChanges().forEach(parts.control()::settle);
                }
                if (!parts.status().isSoloLeader()) {
                    publishSolo();
                }
                compactMemory(lastIndex(applied.batch()), nowNanos);
                parts.reads().applied(parts.apply().appliedIndex());
            }
        }
        return work;
    }

    /**
     * The log has written this. The core hears of a snapshot when the store has followed: until then it neither campaigns nor hands out what
     * is behind. And it hears of what was written after a snapshot when it has heard of the snapshot, for it takes its log to end with a
     * snapshot that is not written and has nothing behind it that is not written.
     */
    private void keep(Message append) {
        Snapshot snapshot = append.snapshot();
        if (snapshot != null) {
            restoreMemory(snapshot.metadata());
        }
        storage.append(append.entries());
        if (snapshot != null) {
            parts.apply().install(append);
        }
        if (snapshot != null || !unheard.isEmpty()) {
            unheard.add(append);
        } else {
            respond(append);
        }
    }

    /** The store has become that of the first snapshot that the core has not heard of. */
    private void respondToInstalled() {
        respond(unheard.remove());
        while (!unheard.isEmpty() && unheard.element().snapshot() == null) {
            respond(unheard.remove());
        }
    }

    /** The log in memory goes on behind the snapshot; what it says of the members of v2 times is not needed there. */
    private void restoreMemory(SnapshotMetadata metadata) {
        FailPoint.RAFT_BEFORE_APPLY_SNAP.hit();
        storage.applySnapshot(new Snapshot(ByteString.EMPTY, metadata));
        FailPoint.RAFT_AFTER_APPLY_SNAP.hit();
        compactedTo = metadata.index();
    }

    private int takeMessages() {
        int work = 0;
        Message message;
        while ((message = parts.inbox().nextMessage()) != null) {
            work++;
            if (!message.entries().isEmpty()
                    && isForTheLog(message)
                    && parts.log().isBehind()) {
                // Whoever sent them sends them again; to take them all in would only fill memory.
                continue;
            }
            raft.step(message);
        }
        return work
                + parts.inbox()
                        .report(
                                raft::reportUnreachable,
                                member -> raft.reportSnapshot(member, false),
                                member -> raft.reportSnapshot(member, true));
    }

    private static boolean isForTheLog(Message message) {
        return message.type() == MessageType.APP || message.type() == MessageType.PROP;
    }

    private int tick(long nowNanos) {
        int skipped = parts.inbox().takeSkippedTicks();
        for (int i = 0; i < skipped && softState.leader() == 0; i++) {
            raft.tick();
        }
        if (nowNanos - nextTickNanos < 0) {
            return 0;
        }
        // After a pause the ticks that were missed are not made up for: the time was not spent listening either.
        nextTickNanos = Math.max(nextTickNanos + tickNanos, nowNanos);
        raft.tick();
        mayTryHeld = true;
        parts.proposals().expire(nowNanos);
        parts.reads().expire(nowNanos);
        parts.control().expire(nowNanos);
        return 1;
    }

    private int propose() {
        if (softState.leader() == 0 || parts.log().isBehind()) {
            return 0;
        }
        int work = 0;
        if (!held.isEmpty()) {
            if (!mayTryHeld || raft.propose(held) != StepOutcome.ACCEPTED) {
                mayTryHeld = false;
                return 0;
            }
            work = held.size();
            held = List.of();
        }
        if (!parts.proposals().hasQueued()) {
            return work;
        }
        List<ByteString> batch = parts.proposals().take(ROUND_PROPOSALS_MAX, ROUND_BYTES_MAX);
        if (!batch.isEmpty() && raft.propose(batch) != StepOutcome.ACCEPTED) {
            // Leadership is on its way to another member: they wait here, as they would without a leader.
            held = batch;
            mayTryHeld = false;
        }
        return work + batch.size();
    }

    private int read(long nowNanos) {
        if (softState.leader() == 0) {
            return 0;
        }
        ByteString context = parts.reads().roundToAsk(nowNanos);
        if (context == null) {
            return 0;
        }
        raft.readIndex(context);
        return 1;
    }

    private void pass(Ready ready) {
        if (ready.softState() != null) {
            changeRole(ready.softState());
        }
        if (!ready.hardState().isEmpty()) {
            hardState = ready.hardState();
            parts.status().hardState(hardState.term(), hardState.commit());
            publishSolo();
        }
        if (!ready.snapshot().isEmpty()) {
            restoredTo = ready.snapshot().metadata().index();
            confState = ready.snapshot().metadata().confState();
            publishConfiguration();
        }
        for (ReadState read : ready.readStates()) {
            parts.reads().granted(read.requestContext(), read.index());
            parts.reads().applied(parts.apply().appliedIndex());
        }
        if (softState.role() == RaftRole.LEADER) {
            FailPoint.RAFT_BEFORE_LEADER_SEND.hit();
        }
        if (!ready.messages().isEmpty()) {
            parts.peers().send(ready.messages());
        }
        if (ready.storageAppend() != null) {
            parts.log().append(ready.storageAppend());
        }
        if (ready.storageApply() != null) {
            parts.apply().submit(ready.storageApply());
        }
    }

    private static long lastIndex(Message batch) {
        return batch.entries().get(batch.entries().size() - 1).index();
    }

    private void respond(Message work) {
        FailPoint.RAFT_BEFORE_ADVANCE.hit();
        List<Message> toPeers = new ArrayList<>();
        for (Message response : work.responses()) {
            if (response.to() == memberId) {
                raft.step(response);
            } else {
                toPeers.add(response);
            }
        }
        if (!toPeers.isEmpty()) {
            if (softState.role() != RaftRole.LEADER) {
                FailPoint.RAFT_BEFORE_FOLLOWER_SEND.hit();
            }
            parts.peers().send(toPeers);
        }
    }

    private void changeRole(SoftState next) {
        boolean leaderChanged = next.leader() != softState.leader();
        softState = next;
        parts.status().leader(next.leader());
        publishSolo();
        if (leaderChanged) {
            mayTryHeld = true;
            parts.reads().leaderChanged();
        }
        parts.roles()
                .onRole(next.role(), next.leader(), raft.status().hardState().term());
    }

    private void publishConfiguration() {
        parts.status().learner(confState.learners().contains(memberId));
        parts.status().alone(hasNobodyElse());
        publishSolo();
    }

    private void publishSolo() {
        boolean solo = softState.role() == RaftRole.LEADER && isSolo() && hasAppliedInTerm();
        parts.status().soloLeader(solo);
    }

    private boolean hasNobodyElse() {
        int members = confState.voters().size() + confState.learners().size();
        return members == 0 || members == 1 && isSolo();
    }

    private boolean isSolo() {
        return confState.voters().size() == 1
                && confState.voters().contains(memberId)
                && confState.votersOutgoing().isEmpty();
    }

    private boolean hasAppliedInTerm() {
        long applied = parts.apply().appliedIndex();
        try {
            return storage.lastIndex() >= applied && storage.term(applied) == hardState.term();
        } catch (StorageException e) {
            return false;
        }
    }

    /**
     * Drops from memory what is applied and nobody needs: all of it for a member alone; all but the newest entries, which slow
     * followers may ask for, where there are others. Those who ask for older ones are served a snapshot instead.
     */
    private void compactMemory(long applied, long nowNanos) {
        boolean alone = confState.voters().size() + confState.learners().size() == 1;
        boolean due = applied - compactedTo >= compactEvery;
        long bytesMax = alone ? ALONE_BYTES_MAX : RETAINED_BYTES_MAX;
        if (!due && storage.bytes() <= bytesMax) {
            // So it is after nearly every batch: the holds, which others lock, are not asked.
            return;
        }
        long needed = holds.least(nowNanos);
        boolean tooBig = storage.bytes() > (needed < applied ? HELD_BYTES_MAX : bytesMax);
        if (!due && !tooBig) {
            return;
        }
        compactedTo = applied;
        // Before the entries go, there must be a snapshot in place of them.
        storage.createSnapshot(applied, confState, ByteString.EMPTY);
        long upTo = alone || tooBig ? applied : Math.min(applied - retainedEntries, needed);
        if (upTo >= storage.firstIndex()) {
            storage.compact(upTo);
        }
    }
}
