package dev.cairn.bench.work;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What one run of one work at one server has shown. Confined to one thread. */
public final class Sample {
    private final Map<Figure, Double> values = new LinkedHashMap<>();

    /** Adds a figure; what is not a number was not measured, and is left out. */
    public Sample add(Figure figure, double value) {
        if (!Double.isNaN(value) && values.put(figure, value) != null) {
            throw new IllegalArgumentException(figure + " is there twice");
        }
        return this;
    }

    /** In the order in which they were added. */
    public Map<Figure, Double> values() {
        return Collections.unmodifiableMap(values);
    }
}
