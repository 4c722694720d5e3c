package dev.cairn.server.loop;

import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.thread.NanoClock;
import java.util.function.LongSupplier;

/**
 * What the Raft loop lets everybody know. Written by the Raft loop alone, read by any thread; the fields are independent of
 * each other, no reader needs two of them from the same moment.
 */
public final class StatusBoard implements MemberStatus {
    private volatile long leader;
    private volatile long term;
    private volatile long committedIndex;
    private volatile boolean learner;
    private volatile boolean soloLeader;
    private volatile boolean alone = true;
    private volatile LongSupplier appliedIndex;
    private volatile long leaderSinceNanos;
    private volatile boolean hasHadLeader;
    private NanoClock clock = NanoClock.SYSTEM;

    public StatusBoard(long appliedIndexAtStart) {
        this.appliedIndex = () -> appliedIndexAtStart;
    }

    /** Where the applied index is read from, once the apply loop exists. */
    public void followApplied(LongSupplier source) {
        appliedIndex = source;
    }

    /** By which clock moments are noted; to be set before the Raft loop runs. */
    public void useClock(NanoClock newClock) {
        clock = newClock;
    }

    @Override
    public long leader() {
        return leader;
    }

    @Override
    public long term() {
        return term;
    }

    @Override
    public long committedIndex() {
        return committedIndex;
    }

    @Override
    public long appliedIndex() {
        return appliedIndex.getAsLong();
    }

    @Override
    public boolean isLearner() {
        return learner;
    }

    /**
     * Whether this member leads, is the only voter and has applied an entry of its term, hence all that was acknowledged in earlier terms. Since then it
     * acknowledges only what it has applied: its store may be read as it stands.
     */
    boolean isSoloLeader() {
        return soloLeader;
    }

    /** Whether nobody else belongs to the cluster, voter or learner, as far as the Raft loop has applied. */
    public boolean isAlone() {
        return alone;
    }

    void alone(boolean value) {
        alone = value;
    }

    void leader(long id) {
        if (id != 0 && id != leader) {
            leaderSinceNanos = clock.nanos();
            hasHadLeader = true;
        }
        leader = id;
    }

    /** When the leader of now, or the last one, became known; without meaning as long as there was none. */
    public long leaderSinceNanos() {
        return leaderSinceNanos;
    }

    public boolean hasHadLeader() {
        return hasHadLeader;
    }

    void hardState(long newTerm, long newCommittedIndex) {
        term = newTerm;
        committedIndex = newCommittedIndex;
    }

    void learner(boolean value) {
        learner = value;
    }

    void soloLeader(boolean value) {
        soloLeader = value;
    }
}
