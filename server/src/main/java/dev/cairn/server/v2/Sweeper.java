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

    private final BooleanSupplier wanted;
    private final Supplier<V3> store;
    private volatile boolean running;
    private long begun;

    /**
     * @param wanted whether this member leads and there may be something
     * @param store for one round
     */
    public Sweeper(BooleanSupplier wanted, Supplier<V3> store) {
        this.wanted = wanted;
        this.store = store;
    }

    /** Begins a round, unless one is under way. */
    public void sweep(long nowNanos) {
        if (running && nowNanos - begun < ROUND_LIMIT_NANOS || !wanted.getAsBoolean()) {
            return;
        }
        running = true;
        begun = nowNanos;
        // What fails is tried again with the next round.
        new Sweeping(store.get(), SystemClocks.INSTANCE).round().whenComplete((gone, failure) -> running = false);
    }
}
