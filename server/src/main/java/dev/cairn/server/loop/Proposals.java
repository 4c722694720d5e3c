package dev.cairn.server.loop;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.thread.Mailbox;
import dev.cairn.server.thread.NanoClock;
import dev.cairn.server.thread.QueueView;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Requests on their way through the log, from the moment a service proposes one until its entry is applied here.
 *
 * <p>Any thread proposes; the Raft loop takes; the apply loop settles. Each completion is called exactly once: whoever
 * removes the request from the map of those under way owns it.
 *
 * <p>Bounded by count and by bytes. What does not fit, and what comes while applying lags far behind committing, is refused
 * with TOO_MANY_REQUESTS, as etcd does.
 */
public final class Proposals implements Proposer {
    /** How far applying may lag behind committing before new requests are refused. */
    static final long APPLY_LAG_MAX = 5000;

    /** The same for revocations of leases, where they have precedence: they make room. */
    static final long PRIORITY_APPLY_LAG_MAX = 10_000;

    private static final int QUEUED_MAX = 10_000;
    private static final long QUEUED_BYTES_MAX = 64L << 20;

    /** One request under way. */
    static final class Proposal {
        private final long id;
        private final ByteString data;
        private final Completion<MessageLite> completion;
        private final long startNanos;
        private final long deadlineNanos;

        Proposal(long id, ByteString data, Completion<MessageLite> completion, long startNanos, long deadlineNanos) {
            this.startNanos = startNanos;
            this.id = id;
            this.data = data;
            this.completion = completion;
            this.deadlineNanos = deadlineNanos;
        }
    }

    private final RequestIds ids;
    private final MemberStatus status;
    private final long requestBytesMax;
    private final long timeoutNanos;
    private final boolean revocationsFirst;
    private final TimeoutCause timeoutCause;
    private final Mailbox<Proposal> queue;
    private final ConcurrentHashMap<Long, Proposal> underway = new ConcurrentHashMap<>();
    /** In order of their deadlines, which is the order in which they were taken. Confined to the Raft loop. */
    private final ArrayDeque<Proposal> taken = new ArrayDeque<>();

    private NanoClock clock = NanoClock.SYSTEM;
    private volatile boolean stopped;

    /**
     * @param requestBytesMax the largest encoded request
     * @param timeoutMillis how long a request may wait for a quorum
     * @param wake wakes the Raft loop
     */
    public Proposals(RequestIds ids, StatusBoard status, long requestBytesMax, long timeoutMillis, Runnable wake) {
        this(ids, status, requestBytesMax, timeoutMillis, false, new TimeoutCause(status, 0, since -> true), wake);
    }

    /**
     * @param requestBytesMax the largest encoded request
     * @param timeoutMillis how long a request may wait for a quorum
     * @param revocationsFirst whether leases may be revoked when other requests are refused already
     * @param timeoutCause what a request is told whose time is up
     * @param wake wakes the Raft loop
     */
    public Proposals(
            RequestIds ids,
            MemberStatus status,
            long requestBytesMax,
            long timeoutMillis,
            boolean revocationsFirst,
            TimeoutCause timeoutCause,
            Runnable wake) {
        this.revocationsFirst = revocationsFirst;
        this.timeoutCause = timeoutCause;
        this.ids = ids;
        this.status = status;
        this.requestBytesMax = requestBytesMax;
        this.timeoutNanos = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        this.queue = new Mailbox<>(QUEUED_MAX, QUEUED_BYTES_MAX, p -> p.data.size(), wake);
    }

    /** By which clock deadlines are set; to be set before the Raft loop runs. */
    public void useClock(NanoClock newClock) {
        clock = newClock;
    }

    @Override
    public void propose(InternalRaftRequest.Builder request, Completion<MessageLite> completion) {
        long lagMax = revocationsFirst && request.hasLeaseRevoke() ? PRIORITY_APPLY_LAG_MAX : APPLY_LAG_MAX;
        if (status.committedIndex() - status.appliedIndex() > lagMax) {
            completion.fail(EtcdError.TOO_MANY_REQUESTS);
            return;
        }
        long id = ids.next();
        // Whoever proposes may have noted in the header who asks.
        request.getHeaderBuilder().setID(id);
        ByteString data = request.build().toByteString();
        if (data.size() > requestBytesMax) {
            completion.fail(EtcdError.REQUEST_TOO_LARGE);
            return;
        }
        long now = clock.nanos();
        Proposal proposal = new Proposal(id, data, completion, now, now + timeoutNanos);
        underway.put(id, proposal);
        if (!queue.offer(proposal)) {
            fail(id, EtcdError.TOO_MANY_REQUESTS);
        } else if (stopped) {
            fail(id, EtcdError.STOPPED);
        }
    }

    /**
     * Takes the next requests to propose, oldest first. Raft loop only.
     *
     * @return their encoded forms; empty when none waits
     */
    List<ByteString> take(int countMax, long bytesMax) {
        List<ByteString> batch = List.of();
        long bytes = 0;
        while (bytes < bytesMax && batch.size() < countMax) {
            Proposal next = queue.poll();
            if (next == null) {
                break;
            }
            if (!underway.containsKey(next.id)) {
                continue;
            }
            if (next.completion.isAbandoned()) {
                fail(next.id, EtcdError.REQUEST_CANCELED);
                continue;
            }
            if (batch.isEmpty()) {
                batch = new ArrayList<>(Math.min(countMax, queue.size() + 1));
            }
            taken.add(next);
            batch.add(next.data);
            bytes += next.data.size();
        }
        return batch;
    }

    /** Whether any request waits to be taken. */
    boolean hasQueued() {
        return !queue.isEmpty();
    }

    /** Fails what has waited too long, queued or taken. Raft loop only. */
    void expire(long nowNanos) {
        Proposal oldest = taken.peek();
        while (oldest != null && (isSettled(oldest) || oldest.deadlineNanos - nowNanos <= 0)) {
            taken.remove();
            fail(oldest.id, timeoutCause.of(oldest.startNanos));
            oldest = taken.peek();
        }
        if (taken.isEmpty() && hasQueued()) {
            // Nothing can be proposed just now; the queue is in the order of deadlines as well.
            for (Proposal waiting : underway.values()) {
                if (waiting.deadlineNanos - nowNanos <= 0) {
                    // Not in the log, unlike those whose time-out leaves open what became of them.
                    fail(waiting.id, EtcdError.DEADLINE_EXCEEDED);
                } else if (waiting.completion.isAbandoned()) {
                    fail(waiting.id, EtcdError.REQUEST_CANCELED);
                }
            }
            // They must not fill the queue until there is a leader again.
            Proposal head = queue.peek();
            while (head != null && isSettled(head)) {
                queue.poll();
                head = queue.peek();
            }
        }
    }

    /** The completion of a request that was proposed here and is applied now; null for any other. Apply loop only. */
    public @Nullable Completion<MessageLite> settle(long id) {
        Proposal proposal = underway.remove(id);
        return proposal == null ? null : proposal.completion;
    }

    /** Fails every request under way, and every later one. */
    public void stop() {
        stopped = true;
        for (Long id : List.copyOf(underway.keySet())) {
            fail(id, EtcdError.STOPPED);
        }
    }

    /** How many requests are under way. */
    public int pending() {
        return underway.size();
    }

    private boolean isSettled(Proposal proposal) {
        return !underway.containsKey(proposal.id);
    }

    private void fail(long id, EtcdError error) {
        Proposal proposal = underway.remove(id);
        if (proposal != null) {
            proposal.completion.fail(error);
        }
    }

    /** What waits here. */
    public QueueView queue() {
        return queue;
    }
}
