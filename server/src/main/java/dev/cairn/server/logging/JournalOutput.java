package dev.cairn.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.cairn.server.systemd.Journal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Called by one thread at a time. Lines as entries of the journal; what it does not take goes to standard error. */
final class JournalOutput implements LogOutput {
    private final Journal journal;
    private final LogOutput otherwise;

    JournalOutput(Journal journal, LogOutput otherwise) {
        this.journal = journal;
        this.otherwise = otherwise;
    }

    @Override
    public void write(ILoggingEvent event, byte[] line) throws IOException {
        try {
            journal.send(
                    priority(event),
                    LineEncoder.packageOf(event.getLoggerName()),
                    new String(line, 0, line.length - 1, StandardCharsets.UTF_8));
        } catch (IOException e) {
            otherwise.write(event, line);
        }
    }

    private static Journal.Priority priority(ILoggingEvent event) {
        if (Logs.isFatal(event)) {
            return Journal.Priority.CRITICAL;
        }
        return switch (event.getLevel().toInt()) {
            case Level.ERROR_INT -> Journal.Priority.ERROR;
            case Level.WARN_INT -> Journal.Priority.WARNING;
            case Level.INFO_INT -> Journal.Priority.INFO;
            default -> Journal.Priority.DEBUG;
        };
    }
}
