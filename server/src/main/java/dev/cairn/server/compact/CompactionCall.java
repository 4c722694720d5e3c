package dev.cairn.server.compact;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import org.jspecify.annotations.Nullable;

/**
 * The one compaction that an automatic compactor has under way. Confined to the compactor's duty, except that the answer comes from
 * another thread, which then wakes the duty's.
 */
final class CompactionCall {
    /**
     * What came of it.
     *
     * @param error null when it was applied
     */
    record Outcome(long revision, @Nullable EtcdError error) {
        /** Somebody else may have compacted as far or farther; then there is nothing left to be done. */
        boolean isDone() {
            return error == null || error == EtcdError.COMPACTED;
        }
    }

    private final Proposer proposer;
    private final Runnable wake;
    private boolean underWay;
    private volatile @Nullable Outcome outcome;

    /** @param wake wakes the thread of the duty */
    CompactionCall(Proposer proposer, Runnable wake) {
        this.proposer = proposer;
        this.wake = wake;
    }

    boolean isUnderWay() {
        return underWay;
    }

    void start(long revision) {
        underWay = true;
        CompactionRequest request =
                CompactionRequest.newBuilder().setRevision(revision).build();
        proposer.propose(InternalRaftRequest.newBuilder().setCompaction(request), new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                over(new Outcome(revision, null));
            }

            @Override
            public void fail(EtcdError error) {
                over(new Outcome(revision, error));
            }
        });
    }

    private void over(Outcome result) {
        outcome = result;
        wake.run();
    }

    /** The outcome once it is there, after which nothing is under way; null before. */
    @Nullable
    Outcome take() {
        Outcome result = outcome;
        if (result != null) {
            outcome = null;
            underWay = false;
        }
        return result;
    }
}
