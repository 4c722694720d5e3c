package dev.cairn.server.metrics;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Thread-safe. A number that only grows. */
public final class Counter extends Series {
    private final LongAdder value = new LongAdder();
    private volatile @Nullable LongSupplier source;

    Counter() {}

    public void increment() {
        value.increment();
    }

    public void add(long amount) {
        value.add(amount);
    }

    /** From now on the number is what the supplier answers, which only grows; it must neither block nor fail. */
    public void follow(LongSupplier supplier) {
        source = supplier;
    }

    public long value() {
        LongSupplier supplier = source;
        return supplier == null ? value.sum() : supplier.getAsLong();
    }

    @Override
    void render(StringBuilder text, String name, String labels) {
        line(text, name, labels, Numbers.text(value()));
    }
}
