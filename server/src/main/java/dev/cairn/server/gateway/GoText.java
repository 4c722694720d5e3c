package dev.cairn.server.gateway;

/** Pure functions: bytes and texts as Go shows them in messages. */
final class GoText {
    private static final int LATIN_1_MAX = 0xff;

    private GoText() {}

    /** One byte in single quotes, as the character of that number. */
    static String character(byte value) {
        int c = value & 0xff;
        return switch (c) {
            case '\'' -> "'\\''";
            case '"' -> "'\"'";
            default -> "'" + escaped(c) + "'";
        };
    }

    /** A text in double quotes. */
    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        text.codePoints().forEach(c -> quoted.append(c == '"' ? "\\\"" : escaped(c)));
        return quoted.append('"').toString();
    }

    private static String escaped(int c) {
        return switch (c) {
            case 0x07 -> "\\a";
            case '\b' -> "\\b";
            case '\f' -> "\\f";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case 0x0b -> "\\v";
            case '\\' -> "\\\\";
            default -> {
                if (c < ' ' || c == 0x7f) {
                    yield String.format("\\x%02x", c);
                }
                // Between them and the letters of Latin 1 stand controls, a blank and a hyphen that are not shown.
                boolean hidden = c > 0x7f && c <= 0xa0 || c == 0xad;
                yield hidden && c <= LATIN_1_MAX ? String.format("\\u%04x", c) : Character.toString(c);
            }
        };
    }
}
