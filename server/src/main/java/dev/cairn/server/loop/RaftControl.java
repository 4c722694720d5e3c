package dev.cairn.server.loop;

import com.google.protobuf.ByteString;
import dev.cairn.raft.RaftNode;
import dev.cairn.raft.RaftStatus;
import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.membership.ChangeListener;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.RaftGroup;
import dev.cairn.server.thread.Mailbox;
import dev.cairn.server.thread.NanoClock;
import dev.cairn.server.thread.QueueView;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What services ask of the Raft core itself: configuration changes, a look at the members' progress, a transfer of leadership.
 *
 * <p>Any thread asks. The Raft loop carries out, and answers: a change only when the core has made it too, because before that it
 * would drop the next one. The apply loop tells how each change came out. Each completion is called exactly once.
 *
 * <p>Bounded: more than 256 requests at a time are refused with TOO_MANY_REQUESTS. Nothing waits longer than the request
 * timeout.
 */
public final class RaftControl implements RaftGroup, ChangeListener {
    private static final int WAITING_MAX = 256;

    private static final class Change {
        private final ConfChange change;
        private final Completion<Cluster.View> completion;
        private final long deadlineNanos;
        /** How it came out, told by the apply loop before the Raft loop settles it. */
        private volatile @Nullable Applied applied;

        Change(ConfChange change, Completion<Cluster.View> completion, long deadlineNanos) {
            this.change = change;
            this.completion = completion;
            this.deadlineNanos = deadlineNanos;
        }
    }

    private record Applied(Cluster.View members, @Nullable EtcdError refusal) {}

    private record Look(long index, Completion<RaftStatus> completion, long deadlineNanos) {}

    private static final class Transfer {
        private final long toMember;
        private final Completion<Long> completion;
        private final long deadlineNanos;
        private boolean asked;

        Transfer(long toMember, Completion<Long> completion, long deadlineNanos) {
            this.toMember = toMember;
            this.completion = completion;
            this.deadlineNanos = deadlineNanos;
        }
    }

    private final RequestIds ids;
    private final StatusBoard status;
    private final long timeoutNanos;
    private final Runnable onRemoved;
    private final ConcurrentHashMap<Long, Change> changes = new ConcurrentHashMap<>();
    private final Mailbox<Change> newChanges;
    private final Mailbox<Look> newLooks;
    private final Mailbox<Transfer> newTransfers;
    /** Confined to the Raft loop, as are the transfers. */
    private final List<Look> looks = new ArrayList<>();

    private final List<Transfer> transfers = new ArrayList<>();
    private volatile boolean stopped;
    private NanoClock clock = NanoClock.SYSTEM;

    /**
     * @param timeoutMillis how long a request may wait
     * @param onRemoved runs on the apply loop when this member has been removed; must not block
     * @param wake wakes the Raft loop
     */
    public RaftControl(RequestIds ids, StatusBoard status, long timeoutMillis, Runnable onRemoved, Runnable wake) {
        this.ids = ids;
        this.status = status;
        this.timeoutNanos = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        this.onRemoved = onRemoved;
        newChanges = new Mailbox<>(WAITING_MAX, Long.MAX_VALUE, change -> 1, wake);
        newLooks = new Mailbox<>(WAITING_MAX, Long.MAX_VALUE, look -> 1, wake);
        newTransfers = new Mailbox<>(WAITING_MAX, Long.MAX_VALUE, transfer -> 1, wake);
    }

    /** By which clock deadlines are set; to be set before the Raft loop runs. */
    public void useClock(NanoClock newClock) {
        clock = newClock;
    }

    @Override
    public void change(ConfChangeType type, long memberId, ByteString context, Completion<Cluster.View> completion) {
        long id = ids.next();
        Change change = new Change(new ConfChange(id, type, memberId, context), completion, deadline());
        if (changes.size() >= WAITING_MAX) {
            completion.fail(EtcdError.TOO_MANY_REQUESTS);
            return;
        }
        changes.put(id, change);
        if (!newChanges.offer(change)) {
            fail(change, EtcdError.TOO_MANY_REQUESTS);
        } else if (stopped) {
            fail(change, EtcdError.STOPPED);
        }
    }

    @Override
    public void look(Completion<RaftStatus> completion) {
        offer(newLooks, new Look(status.committedIndex(), completion, deadline()), completion);
    }

    @Override
    public void transferLeadership(long toMember, Completion<Long> completion) {
        offer(newTransfers, new Transfer(toMember, completion, deadline()), completion);
    }

    @Override
    public void applied(long changeId, Cluster.View members, @Nullable EtcdError refusal) {
        Change change = changes.get(changeId);
        if (change != null) {
            change.applied = new Applied(members, refusal);
        }
    }

    @Override
    public void removedSelf() {
        onRemoved.run();
    }

    /**
     * Does what there is to do. Raft loop only.
     *
     * @param leader the leader that the core knows of, or 0
     */
    int doWork(RaftNode raft, long leader, long appliedIndex) {
        return propose(raft, leader) + look(raft, appliedIndex) + transfer(raft, leader);
    }

    /** Answers whoever proposed the change, which the core has made by now. Raft loop only. */
    void settle(ConfChange made) {
        Change change = changes.get(made.id());
        Applied applied = change == null ? null : change.applied;
        if (change == null || applied == null || !changes.remove(made.id(), change)) {
            return;
        }
        if (applied.refusal() != null) {
            change.completion.fail(applied.refusal());
        } else {
            change.completion.complete(applied.members());
        }
    }

    /** Fails what has waited too long. Raft loop only. */
    void expire(long nowNanos) {
        for (Change change : changes.values()) {
            if (change.deadlineNanos - nowNanos <= 0) {
                fail(change, EtcdError.TIMEOUT);
            }
        }
        Change head = newChanges.peek();
        while (head != null && !changes.containsKey(head.change.id())) {
            newChanges.poll();
            head = newChanges.peek();
        }
        for (Iterator<Look> all = looks.iterator(); all.hasNext(); ) {
            Look look = all.next();
            if (look.deadlineNanos() - nowNanos <= 0) {
                all.remove();
                look.completion().fail(EtcdError.TIMEOUT_WAITING_FOR_APPLY);
            }
        }
        for (Iterator<Transfer> all = transfers.iterator(); all.hasNext(); ) {
            Transfer transfer = all.next();
            if (transfer.deadlineNanos - nowNanos <= 0) {
                all.remove();
                transfer.completion.fail(EtcdError.TIMEOUT_LEADER_TRANSFER);
            }
        }
    }

    /** Fails every request that waits, and every later one. After the Raft loop has ended. */
    public void stop() {
        stopped = true;
        for (Change change : List.copyOf(changes.values())) {
            fail(change, EtcdError.STOPPED);
        }
        takeNew();
        looks.forEach(look -> look.completion().fail(EtcdError.STOPPED));
        looks.clear();
        transfers.forEach(transfer -> transfer.completion.fail(EtcdError.STOPPED));
        transfers.clear();
    }

    private int propose(RaftNode raft, long leader) {
        int work = 0;
        Change next;
        // Without a leader they wait here until their time is up.
        while (leader != 0 && (next = newChanges.poll()) != null) {
            work++;
            if (changes.containsKey(next.change.id())) {
                raft.proposeConfChange(next.change);
            }
        }
        return work;
    }

    private int look(RaftNode raft, long appliedIndex) {
        takeNew();
        int work = 0;
        for (Iterator<Look> all = looks.iterator(); all.hasNext(); ) {
            Look look = all.next();
            if (look.index() <= appliedIndex) {
                all.remove();
                work++;
                look.completion().complete(raft.status());
            }
        }
        return work;
    }

    private int transfer(RaftNode raft, long leader) {
        int work = 0;
        for (Iterator<Transfer> all = transfers.iterator(); all.hasNext(); ) {
            Transfer transfer = all.next();
            if (leader == transfer.toMember) {
                all.remove();
                work++;
                transfer.completion.complete(leader);
            } else if (leader != 0 && !transfer.asked) {
                transfer.asked = true;
                work++;
                raft.transferLeader(leader, transfer.toMember);
            }
        }
        return work;
    }

    private void takeNew() {
        Look look;
        while ((look = newLooks.poll()) != null) {
            looks.add(look);
        }
        Transfer transfer;
        while ((transfer = newTransfers.poll()) != null) {
            transfers.add(transfer);
        }
    }

    private <T> void offer(Mailbox<T> queue, T request, Completion<?> completion) {
        if (stopped) {
            completion.fail(EtcdError.STOPPED);
        } else if (!queue.offer(request)) {
            completion.fail(EtcdError.TOO_MANY_REQUESTS);
        }
    }

    private void fail(Change change, EtcdError error) {
        if (changes.remove(change.change.id(), change)) {
            change.completion.fail(error);
        }
    }

    private long deadline() {
        return clock.nanos() + timeoutNanos;
    }

    /** What waits here. */
    public QueueView queue() {
        return newChanges;
    }
}
