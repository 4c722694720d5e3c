package dev.cairn.server.config;

import java.util.HashMap;
import java.util.Map;

/** The values that were given, by option. Confined to the reading of the configuration; {@link ServerConfig} owns it afterwards. */
final class Values {
    private final Map<Option<?>, Object> given = new HashMap<>();

    /** True when the option was given by any source, whatever its value. */
    boolean isGiven(Option<?> option) {
        return given.containsKey(option);
    }

    /** Stores a value that {@link Option#parse} or the file reader made for this option; the last one wins. */
    void put(Option<?> option, Object value) {
        given.put(option, value);
    }

    @SuppressWarnings("unchecked") // put() receives what the same option parsed.
    <T> T get(Option<T> option) {
        Object value = given.get(option);
        return value == null ? option.defaultValue() : (T) value;
    }
}
