package dev.cairn.server.logging;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** Thread-safe. Passes lines that libraries write through the JDK's logging on to the log. */
final class JdkLogHandler extends Handler {
    @Override
    public void publish(LogRecord record) {
        String name = record.getLoggerName();
        Logger logger = LoggerFactory.getLogger(name == null ? "jdk" : name);
        int level = record.getLevel().intValue();
        LoggingEventBuilder line = level >= Level.SEVERE.intValue()
                ? logger.atError()
                : level >= Level.WARNING.intValue() ? logger.atWarn() : logger.atInfo();
        Throwable cause = record.getThrown();
        if (cause != null) {
            line = line.setCause(cause);
        }
        line.log(message(record));
    }

    private static String message(LogRecord record) {
        String pattern = record.getMessage();
        Object[] parameters = record.getParameters();
        if (pattern == null) {
            return "";
        }
        if (parameters == null || parameters.length == 0) {
            return pattern;
        }
        try {
            return java.text.MessageFormat.format(pattern, parameters);
        } catch (IllegalArgumentException e) {
            return pattern;
        }
    }

    @Override
    public void flush() {
        // Lines are written as they come.
    }

    @Override
    public void close() {
        // The outputs belong to the log.
    }
}
