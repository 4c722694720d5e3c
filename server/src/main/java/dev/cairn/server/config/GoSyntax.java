package dev.cairn.server.config;

import java.math.BigInteger;
import java.time.Duration;

/**
 * Pure functions: the notations of flag values, which are those of the Go standard library because etcd's flags are. Numbers may
 * carry a base prefix ({@code 0x}, {@code 0o}, {@code 0b}, a leading zero) and underscores between digits; durations are a sign and
 * a sequence of decimal numbers with units.
 *
 * <p>Without {@link java.math.BigDecimal}: every start comes by here, and to load that class takes newer JVMs some 16 milliseconds.
 */
public final class GoSyntax {
    /** The reasons that number parsing gives, in the words an operator of etcd knows. */
    public static final String SYNTAX = "parse error";

    public static final String RANGE = "value out of range";

    private static final BigInteger UINT64_MAX = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);
    private static final BigInteger INT64_MAX = BigInteger.valueOf(Long.MAX_VALUE);
    private static final BigInteger INT64_MIN = BigInteger.valueOf(Long.MIN_VALUE);

    private GoSyntax() {}

    /** A boolean in one of the twelve spellings that are allowed. */
    public static boolean bool(String text) throws ConfigException {
        return switch (text) {
            case "1", "t", "T", "true", "TRUE", "True" -> true;
            case "0", "f", "F", "false", "FALSE", "False" -> false;
            default -> throw new ConfigException(SYNTAX);
        };
    }

    /**
     * An unsigned 64-bit number. Values above {@link Long#MAX_VALUE} are valid and answered as that: no option distinguishes
     * limits of that size.
     */
    public static long unsigned(String text) throws ConfigException {
        if (isPlain(text)) {
            return Long.parseLong(text);
        }
        if (text.startsWith("+") || text.startsWith("-")) {
            throw new ConfigException(SYNTAX);
        }
        BigInteger value = magnitude(text);
        if (value.compareTo(UINT64_MAX) > 0) {
            throw new ConfigException(RANGE);
        }
        return value.min(INT64_MAX).longValue();
    }

    public static long signed(String text) throws ConfigException {
        if (isPlain(text)) {
            return Long.parseLong(text);
        }
        BigInteger value = whole(text);
        if (value.compareTo(INT64_MAX) > 0 || value.compareTo(INT64_MIN) < 0) {
            throw new ConfigException(RANGE);
        }
        return value.longValue();
    }

    /** A whole number of some 80 digits at most. */
    static BigInteger whole(String text) throws ConfigException {
        boolean negative = text.startsWith("-");
        BigInteger magnitude = magnitude(negative || text.startsWith("+") ? text.substring(1) : text);
        return negative ? magnitude.negate() : magnitude;
    }

    /** The common case: decimal digits without a leading zero that surely fit. */
    private static boolean isPlain(String text) {
        int length = text.length();
        if (length == 0 || length > 18 || (length > 1 && text.charAt(0) == '0')) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    private static BigInteger magnitude(String text) throws ConfigException {
        int radix = 10;
        String digits = text;
        if (text.length() > 1 && text.charAt(0) == '0') {
            radix = switch (text.charAt(1)) {
                case 'x', 'X' -> 16;
                case 'o', 'O' -> 8;
                case 'b', 'B' -> 2;
                default -> 8;
            };
            digits = text.substring(Character.isLetter(text.charAt(1)) ? 2 : 1);
        }
        // An underscore stands between digits or between the prefix and the first digit.
        boolean prefixed = digits.length() < text.length();
        if (digits.isEmpty()
                || digits.endsWith("_")
                || digits.contains("__")
                || (digits.startsWith("_") && !prefixed)
                || digits.startsWith("-")
                || digits.startsWith("+")) {
            throw new ConfigException(SYNTAX);
        }
        String bare = digits.replace("_", "");
        // Beyond 64 binary digits every base is out of range; the bound keeps a hostile argument cheap.
        if (bare.length() > 80) {
            throw new ConfigException(RANGE);
        }
        try {
            return new BigInteger(bare, radix);
        } catch (NumberFormatException e) {
            throw new ConfigException(SYNTAX);
        }
    }

    /** A duration such as {@code 1h2m3.5s}, {@code 100ms}, {@code -1s} or {@code 0}. */
    public static Duration duration(String text) throws ConfigException {
        String rest = text;
        boolean negative = rest.startsWith("-");
        if (negative || rest.startsWith("+")) {
            rest = rest.substring(1);
        }
        if (rest.equals("0")) {
            return Duration.ZERO;
        }
        if (rest.isEmpty() || rest.length() > 100) {
            throw new ConfigException("time: invalid duration " + quote(text));
        }
        BigInteger total = BigInteger.ZERO;
        int at = 0;
        while (at < rest.length()) {
            int start = at;
            int digits = 0;
            int dots = 0;
            while (at < rest.length() && (isDigit(rest.charAt(at)) || rest.charAt(at) == '.')) {
                if (rest.charAt(at) == '.') {
                    dots++;
                } else {
                    digits++;
                }
                at++;
            }
            if (digits == 0 || dots > 1) {
                throw new ConfigException("time: invalid duration " + quote(text));
            }
            String amount = rest.substring(start, at);
            int unitStart = at;
            while (at < rest.length() && !isDigit(rest.charAt(at)) && rest.charAt(at) != '.') {
                at++;
            }
            String unit = rest.substring(unitStart, at);
            if (unit.isEmpty()) {
                throw new ConfigException("time: missing unit in duration " + quote(text));
            }
            long nanosPerUnit = nanosPerUnit(unit);
            if (nanosPerUnit == 0) {
                throw new ConfigException("time: unknown unit " + quote(unit) + " in duration " + quote(text));
            }
            total = total.add(nanos(amount, nanosPerUnit));
        }
        if (total.compareTo(INT64_MAX) > 0) {
            throw new ConfigException("time: invalid duration " + quote(text));
        }
        long nanos = total.longValueExact();
        return Duration.ofNanos(negative ? -nanos : nanos);
    }

    /** Of a decimal number of this unit; what is less than a nanosecond is left out. */
    private static BigInteger nanos(String amount, long nanosPerUnit) {
        int dot = amount.indexOf('.');
        int decimals = dot < 0 ? 0 : amount.length() - dot - 1;
        return new BigInteger(amount.replace(".", ""))
                .multiply(BigInteger.valueOf(nanosPerUnit))
                .divide(BigInteger.TEN.pow(decimals));
    }

    private static long nanosPerUnit(String unit) {
        return switch (unit) {
            case "ns" -> 1;
            case "us", "\u00b5s", "\u03bcs" -> 1_000;
            case "ms" -> 1_000_000;
            case "s" -> 1_000_000_000;
            case "m" -> 60_000_000_000L;
            case "h" -> 3_600_000_000_000L;
            default -> 0;
        };
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /** The duration as etcd prints it: {@code 1m0s}, {@code 1.5s}, {@code 100ms}. */
    public static String format(Duration duration) {
        long nanos = duration.toNanos();
        if (nanos == 0) {
            return "0s";
        }
        if (nanos < 0) {
            return "-" + format(duration.negated());
        }
        if (nanos < 1_000) {
            return nanos + "ns";
        }
        if (nanos < 1_000_000) {
            return fraction(nanos, 1_000) + "\u00b5s";
        }
        if (nanos < 1_000_000_000) {
            return fraction(nanos, 1_000_000) + "ms";
        }
        long minutes = nanos / 60_000_000_000L;
        String seconds = fraction(nanos % 60_000_000_000L, 1_000_000_000) + "s";
        if (minutes == 0) {
            return seconds;
        }
        long hours = minutes / 60;
        return (hours == 0 ? "" : hours + "h") + minutes % 60 + "m" + seconds;
    }

    private static String fraction(long nanos, long unit) {
        // The one before the decimals keeps their zeros.
        String decimals = Long.toString(unit + nanos % unit).substring(1);
        int length = decimals.length();
        while (length > 0 && decimals.charAt(length - 1) == '0') {
            length--;
        }
        return nanos / unit + (length == 0 ? "" : "." + decimals.substring(0, length));
    }

    /** The text in double quotes with the escapes that matter in a message. */
    public static String quote(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (c < 0x20 || c == 0x7f) {
                        quoted.append(String.format("\\x%02x", (int) c));
                    } else {
                        quoted.append(c);
                    }
                }
            }
        }
        return quoted.append('"').toString();
    }
}
