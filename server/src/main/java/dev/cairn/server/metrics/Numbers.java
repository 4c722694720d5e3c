package dev.cairn.server.metrics;

import java.math.BigDecimal;

/** Pure functions: numbers as Prometheus' client for Go prints them, so that texts such as bucket bounds are equal. */
final class Numbers {
    /** From this power of ten on, and below the other one, the exponent form is used. */
    private static final int EXPONENT_FROM = 6;

    private static final int EXPONENT_BELOW = -4;

    private Numbers() {}

    static String text(long value) {
        return value > -1_000_000 && value < 1_000_000 ? Long.toString(value) : text((double) value);
    }

    static String text(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        if (value == 0) {
            return "0";
        }
        BigDecimal exact = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        int exponent = exact.precision() - exact.scale() - 1;
        if (exponent >= EXPONENT_BELOW && exponent < EXPONENT_FROM) {
            return exact.toPlainString();
        }
        String digits = exact.unscaledValue().abs().toString();
        StringBuilder text = new StringBuilder(24);
        text.append(value < 0 ? "-" : "").append(digits.charAt(0));
        if (digits.length() > 1) {
            text.append('.').append(digits, 1, digits.length());
        }
        text.append(exponent < 0 ? "e-" : "e+");
        int magnitude = Math.abs(exponent);
        return text.append(magnitude < 10 ? "0" : "").append(magnitude).toString();
    }
}
