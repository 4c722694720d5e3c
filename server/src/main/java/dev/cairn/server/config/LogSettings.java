package dev.cairn.server.config;

import java.util.List;

/**
 * Immutable. How the log is to be written.
 *
 * @param level debug, info, warn, error, panic or fatal
 * @param format json or console
 * @param outputs stderr, stdout or paths of files
 */
public record LogSettings(String level, String format, List<String> outputs) {
    private static final List<String> LEVELS = List.of("debug", "info", "warn", "error", "dpanic", "panic", "fatal");

    /** What is used until the configuration is known, and when it cannot be used. */
    public static final LogSettings DEFAULT = new LogSettings("info", "json", List.of("stderr"));

    public LogSettings {
        outputs = List.copyOf(outputs);
    }

    static boolean isLevel(String level) {
        return LEVELS.contains(level) || LEVELS.contains(level.toLowerCase(java.util.Locale.ROOT));
    }
}
