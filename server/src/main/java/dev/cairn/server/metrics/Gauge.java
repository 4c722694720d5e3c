package dev.cairn.server.metrics;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** Thread-safe. A number that goes up and down: set by whoever knows it, or asked for when it is rendered. */
public final class Gauge extends Series {
    private final AtomicLong value = new AtomicLong();
    private volatile @Nullable DoubleSupplier source;

    Gauge() {}

    public void set(long newValue) {
        value.set(newValue);
    }

    public void set(boolean on) {
        value.set(on ? 1 : 0);
    }

    public void add(long amount) {
        value.addAndGet(amount);
    }

    public void increment() {
        value.incrementAndGet();
    }

    public void decrement() {
        value.decrementAndGet();
    }

    /** From now on the number is what the supplier answers; it must neither block nor fail. */
    public void follow(DoubleSupplier supplier) {
        source = supplier;
    }

    public double value() {
        DoubleSupplier supplier = source;
        return supplier == null ? value.get() : supplier.getAsDouble();
    }

    @Override
    void render(StringBuilder text, String name, String labels) {
        line(text, name, labels, Numbers.text(value()));
    }
}
