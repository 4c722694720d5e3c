package dev.cairn.http2;

import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The turns that the connections of one event loop have asked for, because other threads have something to say on them.
 *
 * <p>The answers to a thousand puts come at once, when the log has been synced. A loop that wrote them all before it looks at its sockets would
 * let a get wait for them, and then for the thousand puts that those answers bring. So it looks at its sockets after every few turns, and
 * whatever comes in waits for a few connections only.
 *
 * <p>Connections ask from any thread, each once until it has had its turn, so no more wait here than there are. The event loop takes the turns,
 * in the order in which they were asked for.
 */
final class Turns {
    /** How many turns there are between two looks at the sockets, which cost a call of the kernel. */
    static final int BETWEEN_LOOKS = 16;

    private final EventLoop loop;
    private final Queue<Runnable> asked = new ConcurrentLinkedQueue<>();
    /** Whether the loop knows that somebody asks. */
    private final AtomicBoolean called = new AtomicBoolean();

    Turns(EventLoop loop) {
        this.loop = loop;
    }

    /**
     * Takes this turn when those that were asked for before are over. Thread-safe.
     *
     * @throws java.util.concurrent.RejectedExecutionException when the event loop has ended
     */
    void ask(Runnable turn) {
        asked.add(turn);
        call();
    }

    /** Takes this turn, which was not asked for, after the loop has looked at its sockets. Only from the event loop. */
    void takeAfterLook(Runnable turn) {
        // Not executed: what a task executes runs before the loop looks at its sockets again, what it schedules does
        // not.
        loop.schedule(turn, 0, TimeUnit.NANOSECONDS);
    }

    /** Whether the caller is the event loop. Thread-safe. */
    boolean onLoop() {
        return loop.inEventLoop();
    }

    private void call() {
        if (called.compareAndSet(false, true)) {
            loop.execute(this::take);
        }
    }

    private void take() {
        try {
            for (int i = 0; i < BETWEEN_LOOKS; i++) {
                Runnable turn = asked.poll();
                if (turn == null) {
                    break;
                }
                turn.run();
            }
        } finally {
            goOn();
        }
    }

    private void goOn() {
        if (!asked.isEmpty()) {
            takeAfterLook(this::take);
            return;
        }
        called.set(false);
        if (!asked.isEmpty()) {
            // Came in between.
            call();
        }
    }
}
