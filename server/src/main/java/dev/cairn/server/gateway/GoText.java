package dev.cairn.server.gateway;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Pure functions: bytes and texts as Go shows them in messages. */
final class GoText {
    private static final int LATIN_1_MAX = 0xff;
    private static final int CHARACTER_BYTES_MAX = 4;

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

    /** Some bytes as a text in double quotes; what is no UTF-8 is shown by its number. */
    static String quoted(byte[] bytes) {
        StringBuilder quoted = new StringBuilder(bytes.length + 2).append('"');
        for (int at = 0; at < bytes.length; ) {
            int length = 1;
            while (length <= CHARACTER_BYTES_MAX && !isCharacter(bytes, at, length)) {
                length++;
            }
            if (length > CHARACTER_BYTES_MAX) {
                quoted.append(String.format("\\x%02x", bytes[at]));
                at++;
            } else {
                int c = new String(bytes, at, length, StandardCharsets.UTF_8).codePointAt(0);
                quoted.append(c == '"' ? "\\\"" : escaped(c));
                at += length;
            }
        }
        return quoted.append('"').toString();
    }

    private static boolean isCharacter(byte[] bytes, int at, int length) {
        if (at + length > bytes.length) {
            return false;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, at, length))
                    .hasRemaining();
        } catch (CharacterCodingException e) {
            return false;
        }
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
