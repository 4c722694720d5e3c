package dev.cairn.server.net;

import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutorGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;

/**
 * An action that the event loops of a group put off until they have read all the sockets that they found ready, and then run once. A loop runs its tasks
 * behind its sockets, so a task is all that it takes. Other threads run the action at once. Thread-safe, if the action is.
 */
final class OncePerLook implements Runnable {
    private final List<OfLoop> loops = new ArrayList<>();
    private final Runnable action;

    OncePerLook(EventExecutorGroup group, Runnable action) {
        this.action = action;
        group.forEach(loop -> loops.add(new OfLoop(loop)));
    }

    @Override
    public void run() {
        for (OfLoop loop : loops) {
            if (loop.executor.inEventLoop()) {
                loop.ask();
                return;
            }
        }
        action.run();
    }

    /** What one loop has been asked for; confined to it. */
    private final class OfLoop implements Runnable {
        private final EventExecutor executor;
        private boolean asked;

        OfLoop(EventExecutor executor) {
            this.executor = executor;
        }

        void ask() {
            if (asked) {
                return;
            }
            try {
                executor.execute(this);
                asked = true;
            } catch (RejectedExecutionException e) {
                // The loop ends, and runs no further task.
                action.run();
            }
        }

        @Override
        public void run() {
            asked = false;
            action.run();
        }
    }
}
