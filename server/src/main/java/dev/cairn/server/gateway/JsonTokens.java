package dev.cairn.server.gateway;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of one JSON value that is known to be well formed. What may still be wrong with it is inside of texts: bytes that are no
 * UTF-8, and halves of surrogate pairs. Confined to one thread.
 */
final class JsonTokens {
    enum Kind {
        OBJECT_OPEN,
        OBJECT_CLOSE,
        ARRAY_OPEN,
        ARRAY_CLOSE,
        TEXT,
        NUMBER,
        TRUE,
        FALSE,
        NULL,
        END
    }

    private static final int ESCAPE_BYTES = 6;

    private final byte[] in;
    private int at;
    private Kind kind = Kind.END;
    private int tokenAt;
    private int tokenEnd;
    private @Nullable String text;

    JsonTokens(byte[] wellFormed) {
        this.in = wellFormed;
    }

    /** What kind of token comes next; it is not taken. */
    Kind peek() {
        skipDividers();
        if (at == in.length) {
            return Kind.END;
        }
        return switch (in[at]) {
            case '{' -> Kind.OBJECT_OPEN;
            case '}' -> Kind.OBJECT_CLOSE;
            case '[' -> Kind.ARRAY_OPEN;
            case ']' -> Kind.ARRAY_CLOSE;
            case '"' -> Kind.TEXT;
            case 't' -> Kind.TRUE;
            case 'f' -> Kind.FALSE;
            case 'n' -> Kind.NULL;
            default -> Kind.NUMBER;
        };
    }

    /** Takes the next token. */
    Kind read() throws BadJson {
        kind = peek();
        tokenAt = at;
        text = null;
        switch (kind) {
            case END -> {}
            case OBJECT_OPEN, OBJECT_CLOSE, ARRAY_OPEN, ARRAY_CLOSE -> at++;
            case TRUE, NULL -> at += 4;
            case FALSE -> at += 5;
            case NUMBER -> {
                while (at < in.length && isInNumber(in[at])) {
                    at++;
                }
            }
            case TEXT -> text = readText();
        }
        tokenEnd = at;
        return kind;
    }

    /** The characters of the text that was read last. */
    String text() {
        return text == null ? "" : text;
    }

    /** The last token as it stands there. */
    String raw() {
        return new String(in, tokenAt, tokenEnd - tokenAt, StandardCharsets.UTF_8);
    }

    /** Where the last token begins. */
    int position() {
        return tokenAt;
    }

    /** Line and column of a place, counted from one, in characters. */
    String lineAndColumn(int position) {
        int line = 1;
        int lineStart = 0;
        for (int i = 0; i < position; i++) {
            if (in[i] == '\n') {
                line++;
                lineStart = i + 1;
            }
        }
        int column = new String(in, lineStart, position - lineStart, StandardCharsets.UTF_8)
                        .codePoints()
                        .toArray()
                        .length
                + 1;
        return "line " + line + ":" + column;
    }

    /** Takes a whole value, whatever it is. */
    void skipValue() throws BadJson {
        int depth = 0;
        do {
            switch (read()) {
                case OBJECT_OPEN, ARRAY_OPEN -> depth++;
                case OBJECT_CLOSE, ARRAY_CLOSE -> depth--;
                default -> {}
            }
        } while (depth > 0);
    }

    private void skipDividers() {
        // In a value that is well formed they stand where they belong.
        while (at < in.length
                && (in[at] == ' '
                        || in[at] == '\t'
                        || in[at] == '\r'
                        || in[at] == '\n'
                        || in[at] == ','
                        || in[at] == ':')) {
            at++;
        }
    }

    private static boolean isInNumber(byte c) {
        return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
    }

    private String readText() throws BadJson {
        int begin = at + 1;
        int plainEnd = begin;
        while (in[plainEnd] != '"' && in[plainEnd] != '\\' && in[plainEnd] >= 0) {
            plainEnd++;
        }
        if (in[plainEnd] == '"') {
            at = plainEnd + 1;
            return new String(in, begin, plainEnd - begin, StandardCharsets.ISO_8859_1);
        }
        StringBuilder out = new StringBuilder(plainEnd - begin + 16);
        int i = begin;
        while (in[i] != '"') {
            if (in[i] == '\\') {
                i = readEscape(i, out);
            } else if (in[i] >= 0) {
                out.append((char) in[i++]);
            } else {
                i = readWide(i, out);
            }
        }
        at = i + 1;
        return out.toString();
    }

    private int readEscape(int i, StringBuilder out) throws BadJson {
        switch (in[i + 1]) {
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'n' -> out.append('\n');
            case 'r' -> out.append('\r');
            case 't' -> out.append('\t');
            case 'u' -> {
                return readUnicode(i, out);
            }
            default -> out.append((char) in[i + 1]);
        }
        return i + 2;
    }

    private int readUnicode(int i, StringBuilder out) throws BadJson {
        int first = hex(i);
        int behind = i + ESCAPE_BYTES;
        if (!Character.isSurrogate((char) first)) {
            out.append((char) first);
            return behind;
        }
        if (in.length - behind < ESCAPE_BYTES) {
            throw new BadJson("proto: unexpected EOF");
        }
        int second = in[behind] == '\\' && in[behind + 1] == 'u' ? hex(behind) : 0;
        if (!Character.isSurrogatePair((char) first, (char) second)) {
            byte[] shown = Arrays.copyOfRange(in, behind, behind + ESCAPE_BYTES);
            throw syntaxError("invalid escape code " + GoText.quoted(shown) + " in string");
        }
        out.append((char) first).append((char) second);
        return behind + ESCAPE_BYTES;
    }

    private int hex(int escapeAt) {
        int value = 0;
        for (int i = escapeAt + 2; i < escapeAt + ESCAPE_BYTES; i++) {
            value = value << 4 | Character.digit(in[i], 16);
        }
        return value;
    }

    /** One character of more than a byte, in its one right form. */
    private int readWide(int i, StringBuilder out) throws BadJson {
        int lead = in[i] & 0xff;
        int length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        int least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
        int c = lead & (0x7f >> length);
        boolean valid = lead >= 0xc2 && lead <= 0xf4 && i + length <= in.length;
        for (int k = 1; valid && k < length; k++) {
            valid = (in[i + k] & 0xc0) == 0x80;
            c = c << 6 | in[i + k] & 0x3f;
        }
        if (!valid || c < least || c > Character.MAX_CODE_POINT || c >= 0xd800 && c <= 0xdfff) {
            throw syntaxError("invalid UTF-8 in string");
        }
        out.appendCodePoint(c);
        return i + length;
    }

    private BadJson syntaxError(String what) {
        return new BadJson("proto: syntax error (" + lineAndColumn(tokenAt) + "): " + what);
    }
}
