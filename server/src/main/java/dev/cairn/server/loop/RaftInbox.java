package dev.cairn.server.loop;

import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.Message;
import dev.cairn.server.thread.Mailbox;
import dev.cairn.server.thread.QueueView;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What the Raft loop hears from outside its thread. Any thread puts in, the Raft loop takes.
 *
 * <p>Messages of other members are bounded and dropped when too many wait; their senders send again, as Raft allows. The
 * answers of the log and apply loops must not be lost and cannot be many: each answers one piece of work that the core has
 * under way, and the core bounds those.
 */
public final class RaftInbox {
    private static final int MESSAGES_MAX = 4096;
    private static final long MESSAGE_BYTES_MAX = 256L << 20;
    private static final long MESSAGE_OVERHEAD_BYTES = 64;
    private static final int ANSWERS_MAX = Integer.MAX_VALUE;

    /** A batch that is durable, or applied. */
    sealed interface Answer permits Durable, Applied, Installed {}

    record Durable(Message append) implements Answer {}

    record Applied(Message batch, List<ConfChange> confChanges) implements Answer {}

    /** The store has become that of the snapshot. */
    record Installed(Message append) implements Answer {}

    /** Members to report to the core, each at most once at a time. */
    private final Set<Long> unreachable = ConcurrentHashMap.newKeySet();

    private final Set<Long> snapshotsLost = ConcurrentHashMap.newKeySet();
    private final Set<Long> snapshotsDelivered = ConcurrentHashMap.newKeySet();
    private final AtomicInteger ticksToSkip = new AtomicInteger();
    private final Runnable wake;
    private final Mailbox<Message> messages;
    private final Mailbox<Answer> answers;

    /** @param wake wakes the thread of the Raft loop */
    public RaftInbox(Runnable wake) {
        this.wake = wake;
        messages = new Mailbox<>(MESSAGES_MAX, MESSAGE_BYTES_MAX, RaftInbox::sizeBytes, wake);
        answers = new Mailbox<>(ANSWERS_MAX, Long.MAX_VALUE, answer -> 1, wake);
    }

    /** Time to be skipped: the core is told of so many ticks at once, if it knows no leader then. */
    public void skipTicks(int ticks) {
        ticksToSkip.set(ticks);
        wake.run();
    }

    /** How many ticks are to be skipped; asked once. Raft loop only. */
    int takeSkippedTicks() {
        return ticksToSkip.get() == 0 ? 0 : ticksToSkip.getAndSet(0);
    }

    /** A message of another member; false when it was dropped. */
    public boolean deliver(Message message) {
        return messages.offer(message);
    }

    /** What the message asked to be appended is durable. */
    public void durable(Message append) {
        answers.offer(new Durable(append));
    }

    /** The committed entries that the message carries are applied. */
    public void applied(Message batch, List<ConfChange> confChanges) {
        answers.offer(new Applied(batch, confChanges));
    }

    /** The snapshot that the message carries is what the store holds now. */
    public void installed(Message append) {
        answers.offer(new Installed(append));
    }

    /** The last message to the member could not be delivered. */
    public void unreachable(long memberId) {
        unreachable.add(memberId);
        wake.run();
    }

    /** A snapshot for the member could not be delivered. */
    public void snapshotLost(long memberId) {
        snapshotsLost.add(memberId);
        wake.run();
    }

    /** A snapshot for the member was taken. */
    public void snapshotDelivered(long memberId) {
        snapshotsDelivered.add(memberId);
        wake.run();
    }

    /** Passes on what was reported of other members. Raft loop only. */
    int report(LongConsumer onUnreachable, LongConsumer onSnapshotLost, LongConsumer onSnapshotDelivered) {
        return drain(snapshotsLost, onSnapshotLost)
                + drain(snapshotsDelivered, onSnapshotDelivered)
                + drain(unreachable, onUnreachable);
    }

    private static int drain(Set<Long> members, LongConsumer to) {
        int work = 0;
        for (Long member : members) {
            if (members.remove(member)) {
                to.accept(member);
                work++;
            }
        }
        return work;
    }

    @Nullable
    Message nextMessage() {
        return messages.poll();
    }

    @Nullable
    Answer nextAnswer() {
        return answers.poll();
    }

    private static long sizeBytes(Message message) {
        return MESSAGE_OVERHEAD_BYTES + Entry.payloadBytes(message.entries());
    }

    /** What waits here. */
    public QueueView queue() {
        return messages;
    }
}
