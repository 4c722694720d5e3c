package dev.cairn.failpoint;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How long a place sleeps. Stateless. */
final class Durations {
    /** Whoever wants a place to stay for longer wants it for ever; a thread that sleeps cannot be told to stop. */
    static final long NANOS_MAX = 86_400_000_000_000L;

    private static final Pattern PART = Pattern.compile("([0-9]++(?:\\.[0-9]*+)?+|\\.[0-9]++)(ns|us|µs|μs|ms|s|m|h)");

    private Durations() {}

    /** The duration of a sleep: a number of milliseconds, or a text as Go writes durations; empty for anything else. */
    static OptionalLong nanos(Argument argument) {
        return switch (argument.kind()) {
            case NUMBER -> OptionalLong.of(bounded(Double.parseDouble(argument.text()) * 1e6));
            case TEXT -> nanos(argument.text());
            case NONE, FLAG -> OptionalLong.empty();
        };
    }

    private static OptionalLong nanos(String text) {
        boolean signed = text.startsWith("-") || text.startsWith("+");
        String parts = signed ? text.substring(1) : text;
        if (parts.equals("0")) {
            return OptionalLong.of(0);
        }
        Matcher part = PART.matcher(parts);
        double sum = 0;
        int at = 0;
        while (at < parts.length()) {
            if (!part.region(at, parts.length()).lookingAt()) {
                return OptionalLong.empty();
            }
            sum += Double.parseDouble(part.group(1)) * unitNanos(part.group(2));
            at = part.end();
        }
        if (at == 0) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(bounded(text.startsWith("-") ? -sum : sum));
    }

    private static long bounded(double nanos) {
        return (long) Math.max(0, Math.min(nanos, NANOS_MAX));
    }

    private static double unitNanos(String unit) {
        return switch (unit) {
            case "ns" -> 1;
            case "ms" -> 1e6;
            case "s" -> 1e9;
            case "m" -> 60e9;
            case "h" -> 3600e9;
            default -> 1e3;
        };
    }
}
