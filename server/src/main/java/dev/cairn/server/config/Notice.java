package dev.cairn.server.config;

import java.util.ArrayList;
import java.util.List;

/**
 * Immutable. One line that reading the configuration wants in the log. Collected instead of logged, because the log itself is set
 * up from the configuration.
 *
 * @param fields in the order in which they are printed
 */
public record Notice(Severity severity, String message, List<Field> fields) {
    /** The message of the line that tells the arguments. */
    public static final String RUNNING = "Running: ";

    /** The levels a notice can have, named as in the log. */
    public enum Severity {
        INFO,
        WARN,
        FATAL
    }

    /** One structured value of the line: text, number, boolean or a list of texts. */
    public record Field(String key, Object value) {}

    public Notice {
        fields = List.copyOf(fields);
    }

    static Notice info(String message, Object... keysAndValues) {
        return new Notice(Severity.INFO, message, fields(keysAndValues));
    }

    static Notice warn(String message, Object... keysAndValues) {
        return new Notice(Severity.WARN, message, fields(keysAndValues));
    }

    static Notice fatal(String message, Object... keysAndValues) {
        return new Notice(Severity.FATAL, message, fields(keysAndValues));
    }

    private static List<Field> fields(Object[] keysAndValues) {
        List<Field> fields = new ArrayList<>(keysAndValues.length / 2);
        for (int i = 0; i < keysAndValues.length; i += 2) {
            fields.add(new Field((String) keysAndValues[i], keysAndValues[i + 1]));
        }
        return fields;
    }
}
