package dev.cairn.server.loop;

import com.google.protobuf.ByteString;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.thread.Mailbox;
import dev.cairn.server.thread.NanoClock;
import dev.cairn.server.thread.QueueView;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Linearizable reads on their way: all that wait are stamped together, one ReadIndex round serves the batch, and the batch
 * may be answered once the apply loop has reached the round's index. A member that is the only voter needs no round at all.
 *
 * <p>Any thread asks; the Raft loop does everything else. A batch that waits for its round is asked for again after a
 * while, because the messages of a round may be lost. Bounded: what does not fit fails with TOO_MANY_REQUESTS.
 */
public final class ReadIndexQueue implements ReadGate {
    private static final Logger LOG = LoggerFactory.getLogger(ReadIndexQueue.class);
    private static final int QUEUED_MAX = 20_000;
    private static final long NANOS_PER_MILLI = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private record Waiting(Completion<Long> completion, long deadlineNanos, Executor home) {}

    private record Granted(long index, List<Waiting> batch) {}

    private final StatusBoard status;
    private final RequestIds ids;
    private final long timeoutNanos;
    private final Supplier<Executor> home;
    private final Mailbox<Waiting> queue;
    private final ArrayDeque<Granted> granted = new ArrayDeque<>();
    /** Who waits for the round that is under way; written by the Raft loop. As long as there is one, nobody who comes has to wake it. */
    private volatile List<Waiting> inRound = List.of();

    private ByteString roundContext = ByteString.EMPTY;
    private long roundAskedNanos;
    private ReadIndexListener listener = new ReadIndexListener() {
        @Override
        public void slow() {}

        @Override
        public void failed() {}
    };
    private volatile boolean stopped;
    private NanoClock clock = NanoClock.SYSTEM;

    /**
     * @param timeoutMillis how long a read may wait
     * @param home who answers what the calling thread asks for, so that the Raft loop does not; called by any thread
     * @param wake wakes the Raft loop
     */
    public ReadIndexQueue(
            StatusBoard status, RequestIds ids, long timeoutMillis, Supplier<Executor> home, Runnable wake) {
        this.status = status;
        this.ids = ids;
        this.timeoutNanos = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        this.home = home;
        this.queue = new Mailbox<>(QUEUED_MAX, Long.MAX_VALUE, waiting -> 1, () -> wakeForRound(wake));
    }

    /** Who offers looks at the round after it has offered, and the Raft loop at the queue after a round: one of them sees the other. */
    private void wakeForRound(Runnable wake) {
        if (inRound.isEmpty()) {
            wake.run();
        }
    }

    /** Who hears of rounds that do not go well; to be set before the Raft loop runs. */
    public void reportTo(ReadIndexListener newListener) {
        listener = newListener;
    }

    /** By which clock deadlines are set; to be set before the Raft loop runs. */
    public void useClock(NanoClock newClock) {
        clock = newClock;
    }

    @Override
    public void await(Completion<Long> completion) {
        if (status.isSoloLeader()) {
            completion.complete(status.appliedIndex());
            return;
        }
        if (stopped) {
            completion.fail(EtcdError.STOPPED);
        } else if (!queue.offer(new Waiting(completion, clock.nanos() + timeoutNanos, home.get()))) {
            completion.fail(EtcdError.TOO_MANY_REQUESTS);
        }
    }

    /** The context of the round to ask the core for now; null when none is due. Raft loop only. */
    @Nullable
    ByteString roundToAsk(long nowNanos) {
        if (inRound.isEmpty()) {
            if (queue.isEmpty()) {
                return null;
            }
            inRound = drain();
            roundContext = ByteString.copyFrom(
                    ByteBuffer.allocate(Long.BYTES).putLong(ids.next()).flip());
        } else if (nowNanos - roundAskedNanos < RETRY_NANOS) {
            return null;
        } else {
            LOG.atWarn()
                    .setMessage("waiting for ReadIndex response took too long, retrying")
                    .addKeyValue("retry-timeout", RETRY_NANOS / NANOS_PER_MILLI + "ms")
                    .log();
        }
        roundAskedNanos = nowNanos;
        return roundContext;
    }

    /** A round has come back: its batch may be answered at this index. Raft loop only. */
    void granted(ByteString context, long index) {
        if (context.equals(roundContext) && !inRound.isEmpty()) {
            granted.add(new Granted(index, inRound));
            inRound = List.of();
        }
    }

    /** Everything up to the index is applied. Raft loop only. */
    void applied(long index) {
        Granted next = granted.peek();
        while (next != null && next.index() <= index) {
            granted.remove();
            answer(next);
            next = granted.peek();
        }
    }

    /** Hands each read to who answers it; those that come one after the other and have the same home go together. */
    private static void answer(Granted due) {
        List<Waiting> batch = due.batch();
        for (int from = 0; from < batch.size(); ) {
            Executor home = batch.get(from).home();
            int to = from + 1;
            while (to < batch.size() && batch.get(to).home() == home) {
                to++;
            }
            List<Waiting> together = batch.subList(from, to);
            try {
                home.execute(
                        () -> together.forEach(waiting -> waiting.completion().complete(due.index())));
            } catch (RejectedExecutionException e) {
                // Too much waits there, or it has ended, and all that came in through it.
                fail(together, EtcdError.TOO_MANY_REQUESTS);
            }
            from = to;
        }
    }

    /** Reads that wait for a round cannot know whose answer they would get. Raft loop only. */
    void leaderChanged() {
        if (!inRound.isEmpty()) {
            listener.failed();
        }
        fail(inRound, EtcdError.LEADER_CHANGED);
        inRound = List.of();
    }

    /** Fails what has waited too long. Raft loop only. */
    void expire(long nowNanos) {
        if (stopped) {
            stop();
            return;
        }
        if (!inRound.isEmpty() && inRound.get(0).deadlineNanos() - nowNanos <= 0) {
            LOG.atWarn()
                    .setMessage("timed out waiting for read index response (local node might have slow network)")
                    .addKeyValue("timeout", timeoutNanos / NANOS_PER_MILLI + "ms")
                    .log();
            listener.slow();
            fail(inRound, EtcdError.TIMEOUT);
            inRound = List.of();
        }
        Granted oldest = granted.peek();
        if (oldest != null && oldest.batch().get(0).deadlineNanos() - nowNanos <= 0) {
            granted.remove();
            fail(oldest.batch(), EtcdError.TIMEOUT);
        }
        // Without a leader no round is asked for, and without an answer to one no other.
        Waiting first = queue.peek();
        while (first != null && first.deadlineNanos() - nowNanos <= 0) {
            queue.poll();
            first.completion().fail(EtcdError.TIMEOUT);
            first = queue.peek();
        }
    }

    /** Fails every later read at once, and those that wait with the next tick. Any thread. */
    public void refuse() {
        stopped = true;
    }

    /** Fails every read that waits, and every later one. After the Raft loop has ended. */
    public void stop() {
        stopped = true;
        fail(inRound, EtcdError.STOPPED);
        inRound = List.of();
        granted.forEach(batch -> fail(batch.batch(), EtcdError.STOPPED));
        granted.clear();
        fail(drain(), EtcdError.STOPPED);
    }

    private List<Waiting> drain() {
        List<Waiting> batch = new ArrayList<>(queue.size());
        Waiting next;
        while ((next = queue.poll()) != null) {
            batch.add(next);
        }
        return batch;
    }

    private static void fail(List<Waiting> batch, EtcdError error) {
        batch.forEach(waiting -> waiting.completion().fail(error));
    }

    /** What waits here. */
    public QueueView queue() {
        return queue;
    }
}
