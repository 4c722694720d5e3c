package dev.cairn.lease;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/** An expiry sink that remembers what it took, and takes as long as it is told to. */
final class RecordingSink implements ExpirySink {
    record Checkpoint(long lease, long remainingSeconds) {}

    final List<Long> revocations = new ArrayList<>();
    final List<Checkpoint> checkpoints = new ArrayList<>();
    IntPredicate takesWhenHolding = held -> true;
    long roomAtNanos = Long.MAX_VALUE;

    @Override
    public boolean revoke(long lease) {
        return takesWhenHolding.test(revocations.size()) && revocations.add(lease);
    }

    @Override
    public long roomAtNanos() {
        return roomAtNanos;
    }

    @Override
    public boolean checkpoint(long lease, long remainingTtlSeconds) {
        return takesWhenHolding.test(checkpoints.size()) && checkpoints.add(new Checkpoint(lease, remainingTtlSeconds));
    }

    /** What was taken since the last call. */
    List<Long> takeRevocations() {
        List<Long> taken = List.copyOf(revocations);
        revocations.clear();
        return taken;
    }
}
