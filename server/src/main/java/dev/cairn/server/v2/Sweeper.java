package dev.cairn.server.v2;

import dev.cairn.v2.Sweeping;
import dev.cairn.v2.V3;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * When what ended directories have left behind is looked for: every half second, one round at a time, by the member that leads. Confined to
 * the housekeeping thread; a round goes on elsewhere.
 */
public final class Sweeper {
    /** A round whose answer has been lost must not be the last one. */
    private static final long ROUND_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final BooleanSupplier leads;
    private final Supplier<V3> store;
    private volatile boolean running;
    private long begun;

    /** @param store for one round */
    public Sweeper(BooleanSupplier leads, Supplier<V3> store) {
        this.leads = leads;
        this.store = store;
    }

    /** Begins a round; returns how many were begun. */
    public int doWork(long nowNanos) {
        if (!leads.getAsBoolean() || running && nowNanos - begun < ROUND_LIMIT_NANOS) {
            return 0;
        }
        running = true;
        begun = nowNanos;
        // What fails is tried again with the next round.
        new Sweeping(store.get(), SystemClocks.INSTANCE).round().whenComplete((gone, failure) -> running = false);
        return 1;
    }
}
