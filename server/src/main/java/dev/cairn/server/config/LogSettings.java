package dev.cairn.server.config;

import java.util.List;
import java.util.Optional;

/**
 * Immutable. How the log is to be written.
 *
 * @param level debug, info, warn, error, panic or fatal
 * @param format json or console
 * @param outputs stderr, stdout, paths of files, or {@link #JOURNAL} alone
 * @param rotation when files are put aside; nothing for never
 */
public record LogSettings(String level, String format, List<String> outputs, Optional<LogRotation> rotation) {
    /** The output that stands for the journal of systemd. */
    public static final String JOURNAL = "systemd/journal";

    /** Takes everything and keeps nothing, whatever else is named beside it. */
    static final String NOWHERE = "/dev/null";

    private static final List<String> LEVELS =
            List.of("", "debug", "info", "warn", "warning", "error", "dpanic", "panic", "fatal");

    /** What is used until the configuration is known, and when it cannot be used. */
    public static final LogSettings DEFAULT = new LogSettings("info", "json", List.of("stderr"), Optional.empty());

    public LogSettings {
        outputs = List.copyOf(outputs);
    }

    static boolean isLevel(String level) {
        return LEVELS.contains(level) || LEVELS.contains(level.toLowerCase(java.util.Locale.ROOT));
    }
}
