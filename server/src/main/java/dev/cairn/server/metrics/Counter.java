package dev.cairn.server.metrics;

import java.util.concurrent.atomic.LongAdder;

/** Thread-safe. A number that only grows. */
public final class Counter extends Series {
    private final LongAdder value = new LongAdder();

    Counter() {}

    public void increment() {
        value.increment();
    }

    public void add(long amount) {
        value.add(amount);
    }

    public long value() {
        return value.sum();
    }

    @Override
    void render(StringBuilder text, String name, String labels) {
        line(text, name, labels, Numbers.text(value.sum()));
    }
}
