package dev.cairn.raft.progress;

/**
 * What a leader knows of the log of one member.
 *
 * <p>Confined to the leader role. Always {@code match < next}: entries up to {@code match} are known to be there, those
 * between are on their way, those from {@code next} on have to be sent.
 */
public final class Progress {
    private final int inflightMessagesMax;
    private final long inflightBytesMax;

    private long match;
    private long next;
    /** The commit index sent last, as far as the member can have had the entries to commit. */
    private long sentCommit;

    private ReplicationState state = new ReplicationState.Probe();
    private boolean recentActive;
    private boolean learner;

    /** A member of whose log nothing is known. */
    Progress(long next, boolean learner, int inflightMessagesMax, long inflightBytesMax) {
        this.next = next;
        this.learner = learner;
        this.inflightMessagesMax = inflightMessagesMax;
        this.inflightBytesMax = inflightBytesMax;
    }

    /** The highest index known to agree with the leader's log. */
    public long match() {
        return match;
    }

    /** The index of the next entry to send. */
    public long next() {
        return next;
    }

    /** How entries are sent now. */
    public ReplicationState state() {
        return state;
    }

    /** Whether the member has been heard of since the flag was last cleared. */
    public boolean isRecentActive() {
        return recentActive;
    }

    public void recentActive(boolean value) {
        recentActive = value;
    }

    public boolean isLearner() {
        return learner;
    }

    void learner(boolean value) {
        learner = value;
    }

    /** Whether the member is being probed. */
    public boolean isProbing() {
        return state instanceof ReplicationState.Probe;
    }

    /** Whether entries may not be sent now. */
    public boolean isPaused() {
        if (state instanceof ReplicationState.Probe probe) {
            return probe.isWaiting();
        }
        if (state instanceof ReplicationState.Replicate replicate) {
            return replicate.isPaused();
        }
        return true;
    }

    /** Whether an append message has to be empty, because the window of a replicating member is full. */
    public boolean isWindowFull() {
        return state instanceof ReplicationState.Replicate replicate
                && replicate.inflights().isFull();
    }

    /** Lets the next message pass: the member is alive, or an event outside says that it should be tried. */
    public void unpause() {
        pauseFlow(false);
    }

    /** Holds messages back until the member is heard of. */
    public void pause() {
        pauseFlow(true);
    }

    private void pauseFlow(boolean value) {
        if (state instanceof ReplicationState.Probe probe) {
            probe.waiting(value);
        } else if (state instanceof ReplicationState.Replicate replicate) {
            replicate.paused(value);
        }
    }

    /** Starts probing, after the place that is known to agree, or after the snapshot that was delivered. */
    public void becomeProbe() {
        long known = state instanceof ReplicationState.Snapshotting snapshotting
                ? Math.max(match, snapshotting.pendingIndex())
                : match;
        becomeProbeAfter(known);
    }

    /** Starts probing after the snapshot could not be delivered. */
    public void becomeProbeAfterFailedSnapshot() {
        becomeProbeAfter(match);
    }

    private void becomeProbeAfter(long known) {
        state = new ReplicationState.Probe();
        next = known + 1;
        sentCommit = Math.min(sentCommit, next - 1);
    }

    /** Starts streaming, after the place that is known to agree. */
    public void becomeReplicate() {
        state = new ReplicationState.Replicate(new Inflights(inflightMessagesMax, inflightBytesMax));
        next = match + 1;
    }

    /** Waits for the snapshot at an index. */
    public void becomeSnapshot(long index) {
        state = new ReplicationState.Snapshotting(index);
        next = index + 1;
        sentCommit = index;
    }

    /**
     * Notes that an append message with this many entries, from {@link #next} on, has been sent.
     *
     * @param bytes the payload of the entries
     */
    public void sentEntries(int count, long bytes) {
        if (state instanceof ReplicationState.Replicate replicate) {
            if (count > 0) {
                next += count;
                replicate.inflights().add(next - 1, bytes);
            }
            replicate.paused(replicate.inflights().isFull());
        } else if (state instanceof ReplicationState.Probe probe) {
            // An empty probe does not count: it does not tell where the logs agree any better than the next one.
            if (count > 0) {
                probe.waiting(true);
            }
        } else {
            throw new IllegalStateException("sending append while a snapshot is pending");
        }
    }

    /** Notes the commit index that was sent along. */
    public void sentCommit(long commit) {
        sentCommit = commit;
    }

    /** Whether sending this commit index would let the member commit more than what it was sent before. */
    public boolean canBumpCommit(long commit) {
        // The member cannot commit beyond the entries it has been sent.
        return commit > sentCommit && sentCommit < next - 1;
    }

    /**
     * Takes note that the member has accepted everything up to an index.
     *
     * @return whether that is news
     */
    public boolean maybeUpdate(long index) {
        if (index <= match) {
            return false;
        }
        match = index;
        next = Math.max(next, index + 1);
        unpause();
        return true;
    }

    /** Makes room in the window of a replicating member. */
    public void freeInflightsUpTo(long index) {
        if (state instanceof ReplicationState.Replicate replicate) {
            replicate.inflights().freeUpTo(index);
        }
    }

    /**
     * Takes note that the member has refused an append.
     *
     * @param rejected the index that did not match
     * @param matchHint an index at which the logs may agree
     * @return whether that is news: a refusal that got overtaken by an acceptance, or that answers a message other than
     *     the last probe, is stale
     */
    public boolean maybeDecrementTo(long rejected, long matchHint) {
        if (state instanceof ReplicationState.Replicate) {
            if (rejected <= match) {
                return false;
            }
            next = match + 1;
            sentCommit = Math.min(sentCommit, next - 1);
            return true;
        }
        if (next - 1 != rejected) {
            return false;
        }
        next = Math.max(Math.min(rejected, matchHint + 1), match + 1);
        sentCommit = Math.min(sentCommit, next - 1);
        unpause();
        return true;
    }

    /** Throws if the relations stated above do not hold. */
    public void checkInvariants() {
        if (match >= next) {
            throw new IllegalStateException("match " + match + " not below next " + next);
        }
    }
}
