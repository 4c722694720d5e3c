package dev.cairn.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/**
 * Thread-safe. Turns an event into one line: {@code {"level":..,"ts":..,"caller":..,"msg":..,<fields>}} with the time in UTC to the
 * microsecond, or the same for people in console form, columns divided by tabs.
 *
 * <p>The caller is made from the name of the logger, that is the package's last part and the class; walking the stack for every line
 * would cost more than the line.
 */
final class LineEncoder extends EncoderBase<ILoggingEvent> {
    /** More loggers than classes cannot be; beyond this the names are computed each time. */
    private static final int CALLERS_MAX = 4096;

    private final boolean json;
    private final Map<String, String> callers = new ConcurrentHashMap<>();
    private volatile Second second = new Second(Long.MIN_VALUE, "");

    /** The text of a whole second, because consecutive lines mostly share it. */
    private record Second(long epochSecond, String text) {}

    LineEncoder(boolean json) {
        this.json = json;
    }

    @Override
    public byte @Nullable [] headerBytes() {
        return null;
    }

    @Override
    public byte @Nullable [] footerBytes() {
        return null;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        StringBuilder line = new StringBuilder(256);
        if (json) {
            json(line, event);
        } else {
            console(line, event);
        }
        return line.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private void json(StringBuilder line, ILoggingEvent event) {
        line.append("{\"level\":\"").append(levelName(event)).append("\",\"ts\":\"");
        time(line, event);
        line.append("\",\"caller\":");
        text(line, caller(event.getLoggerName()));
        line.append(",\"msg\":");
        text(line, event.getFormattedMessage());
        fields(line, event, ",", ":", ",");
        line.append('}');
    }

    private void console(StringBuilder line, ILoggingEvent event) {
        time(line, event);
        line.append('\t').append(levelName(event)).append('\t').append(caller(event.getLoggerName()));
        line.append('\t').append(event.getFormattedMessage());
        int before = line.length();
        fields(line, event, "\t{", ": ", ", ");
        if (line.length() > before) {
            line.append('}');
        }
        if (showsTrace(event)) {
            line.append('\n').append(trace(event.getThrowableProxy()));
        }
    }

    private static String levelName(ILoggingEvent event) {
        if (Logs.isFatal(event)) {
            return "fatal";
        }
        return switch (event.getLevel().toInt()) {
            case Level.ERROR_INT -> "error";
            case Level.WARN_INT -> "warn";
            case Level.INFO_INT -> "info";
            default -> "debug";
        };
    }

    private void time(StringBuilder line, ILoggingEvent event) {
        Instant given = event.getInstant();
        Instant instant = given == null ? Instant.ofEpochMilli(event.getTimeStamp()) : given;
        Second cached = second;
        if (cached.epochSecond != instant.getEpochSecond()) {
            cached = new Second(instant.getEpochSecond(), second(instant));
            second = cached;
        }
        line.append(cached.text).append('.');
        digits(line, instant.getNano() / 1000, 100_000);
        line.append('Z');
    }

    private static String second(Instant instant) {
        ZonedDateTime utc = instant.atZone(ZoneOffset.UTC);
        StringBuilder text = new StringBuilder(20);
        digits(text, utc.getYear(), 1000);
        text.append('-');
        digits(text, utc.getMonthValue(), 10);
        text.append('-');
        digits(text, utc.getDayOfMonth(), 10);
        text.append('T');
        digits(text, utc.getHour(), 10);
        text.append(':');
        digits(text, utc.getMinute(), 10);
        text.append(':');
        digits(text, utc.getSecond(), 10);
        return text.toString();
    }

    private static void digits(StringBuilder text, int number, int highest) {
        for (int unit = highest; unit > 0; unit /= 10) {
            text.append((char) ('0' + number / unit % 10));
        }
    }

    private String caller(String logger) {
        String known = callers.get(logger);
        if (known != null) {
            return known;
        }
        String caller = shorten(logger);
        if (callers.size() < CALLERS_MAX) {
            callers.put(logger, caller);
        }
        return caller;
    }

    /** The part of the program that a logger speaks for: what its caller has before the slash. */
    static String packageOf(String logger) {
        String caller = shorten(logger);
        int slash = caller.indexOf('/');
        return slash < 0 ? caller : caller.substring(0, slash);
    }

    /** {@code dev.cairn.server.loop.RaftLoop} becomes {@code loop/RaftLoop}. */
    private static String shorten(String logger) {
        int last = logger.lastIndexOf('.');
        if (last < 0) {
            return logger;
        }
        int before = logger.lastIndexOf('.', last - 1);
        return logger.substring(before + 1, last) + "/" + logger.substring(last + 1);
    }

    /**
     * Appends the pairs and, for a cause, its message; as JSON also its trace, which people get on lines of its own.
     *
     * @param first stands before the first field
     * @param next stands before every other one
     */
    private void fields(StringBuilder line, ILoggingEvent event, String first, String colon, String next) {
        String divider = first;
        List<KeyValuePair> pairs = event.getKeyValuePairs();
        if (pairs != null) {
            for (KeyValuePair pair : pairs) {
                line.append(divider);
                text(line, pair.key);
                line.append(colon);
                value(line, pair.value, next);
                divider = next;
            }
        }
        IThrowableProxy cause = event.getThrowableProxy();
        if (cause != null) {
            line.append(divider);
            text(line, "error");
            line.append(colon);
            String message = cause.getMessage();
            text(line, message == null ? cause.getClassName() : message);
            if (json && showsTrace(event)) {
                line.append(next);
                text(line, "stacktrace");
                line.append(colon);
                text(line, trace(cause));
            }
        }
    }

    private static boolean showsTrace(ILoggingEvent event) {
        return event.getThrowableProxy() != null && event.getLevel().isGreaterOrEqual(Level.ERROR);
    }

    private static String trace(IThrowableProxy cause) {
        StringBuilder trace = new StringBuilder(1024);
        IThrowableProxy at = cause;
        // A chain of causes may be circular; eight links tell enough.
        for (int depth = 0; at != null && depth < 8; depth++) {
            if (depth > 0) {
                trace.append("\ncaused by ");
            }
            trace.append(at.getClassName()).append(": ").append(at.getMessage());
            for (StackTraceElementProxy element : at.getStackTraceElementProxyArray()) {
                trace.append("\n\t").append(element.getSTEAsString());
            }
            at = at.getCause();
        }
        return trace.toString();
    }

    private static void value(StringBuilder line, @Nullable Object value, String next) {
        if (value == null) {
            line.append("null");
        } else if (value instanceof Boolean || value instanceof Integer || value instanceof Long) {
            line.append(value);
        } else if (value instanceof Double number && (number.isNaN() || number.isInfinite())) {
            text(line, number.toString());
        } else if (value instanceof Number) {
            line.append(value);
        } else if (value instanceof Duration duration) {
            text(line, dev.cairn.server.config.ServerConfig.format(duration));
        } else if (value instanceof Collection<?> elements) {
            line.append('[');
            String divider = "";
            for (Object element : elements) {
                line.append(divider);
                value(line, element, next);
                divider = next;
            }
            line.append(']');
        } else {
            text(line, value.toString());
        }
    }

    private static void text(StringBuilder line, @Nullable String text) {
        if (text == null) {
            line.append("null");
            return;
        }
        line.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x20 && c != '"' && c != '\\' && !Character.isSurrogate(c)) {
                line.append(c);
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                line.append(c).append(text.charAt(++i));
            } else {
                escaped(line, c);
            }
        }
        line.append('"');
    }

    private static void escaped(StringBuilder line, char c) {
        switch (c) {
            case '"' -> line.append("\\\"");
            case '\\' -> line.append("\\\\");
            case '\n' -> line.append("\\n");
            case '\r' -> line.append("\\r");
            case '\t' -> line.append("\\t");
            default -> {
                if (Character.isSurrogate(c)) {
                    line.append("\\ufffd");
                } else {
                    line.append("\\u00").append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 15, 16));
                }
            }
        }
    }
}
