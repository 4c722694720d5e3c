package dev.cairn.server.gateway;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds the JSON values in bytes that come in any pieces, one behind the other with blanks or nothing between, and says in the words of
 * etcd's own scanner what is wrong with them. What a value means is not looked at here.
 *
 * <p>A mistake is final: what comes behind it is never looked at. Every byte is looked at once. Holds the bytes of what was not taken
 * yet; how many that may be is the business of who feeds it. Confined to one thread.
 */
final class JsonValues {
    private static final int DEPTH_MAX = 10_000;

    /** What the byte at hand may be. */
    private enum State {
        VALUE,
        VALUE_OR_END,
        KEY,
        KEY_OR_END,
        BEHIND_VALUE,
        STRING,
        ESCAPE,
        HEX,
        MINUS,
        ZERO,
        INTEGER,
        POINT,
        FRACTION,
        EXPONENT,
        EXPONENT_SIGN,
        EXPONENT_DIGITS,
        WORD
    }

    /** What is open around the byte at hand. */
    private static final byte OBJECT_KEY = 0;

    private static final byte OBJECT_VALUE = 1;
    private static final byte ARRAY = 2;

    private byte[] bytes;
    private int start;
    private int at;
    private int end;
    private boolean complete;

    private State state = State.VALUE;
    private byte[] open = new byte[16];
    private int depth;
    private String word = "";
    private int progress;
    private boolean begun;
    private @Nullable BadJson mistake;

    private JsonValues(byte[] bytes, boolean complete) {
        this.bytes = bytes;
        this.end = bytes.length;
        this.complete = complete;
    }

    /** The values in bytes that are all there. */
    static JsonValues of(byte[] bytes) {
        return new JsonValues(bytes, true);
    }

    /** The values in what will be {@link #add}ed. */
    static JsonValues arriving() {
        return new JsonValues(new byte[0], false);
    }

    /** More bytes. */
    void add(byte[] more) {
        if (mistake != null) {
            return;
        }
        if (bytes.length - end < more.length) {
            // Room for as much again, so that many small pieces are not copied each time.
            int held = end - start;
            byte[] roomier = new byte[(int) Math.min(Integer.MAX_VALUE - 8, 2L * held + more.length)];
            System.arraycopy(bytes, start, roomier, 0, held);
            bytes = roomier;
            at -= start;
            start = 0;
            end = held;
        }
        System.arraycopy(more, 0, bytes, end, more.length);
        end += more.length;
    }

    /** Nothing more will be added. */
    void complete() {
        complete = true;
    }

    /** How many bytes are held. */
    int held() {
        return end - start;
    }

    /** Whether there is nothing more to come from {@link #next}. */
    boolean isComplete() {
        return complete;
    }

    /**
     * The next value, without the blanks around it; null when it has not come yet, which is final when nothing more will be added.
     *
     * @throws BadJson when the bytes are no JSON; every later call throws it again
     */
    byte @Nullable [] next() throws BadJson {
        if (mistake != null) {
            throw mistake;
        }
        while (at < end) {
            byte c = bytes[at];
            if (!begun) {
                if (isSpace(c)) {
                    at++;
                    start = at;
                    continue;
                }
                begun = true;
            }
            if (depth == 0 && isBehindLiteral(c)) {
                return taken();
            }
            step(c);
            at++;
            if (depth == 0 && state == State.BEHIND_VALUE && (c == '}' || c == ']')) {
                return taken();
            }
        }
        if (!complete || !begun) {
            return null;
        }
        if (depth == 0 && isBehindLiteral((byte) ' ')) {
            return taken();
        }
        throw mistake("unexpected EOF");
    }

    /** Whether a value of one word, number or text is over before this byte. */
    private boolean isBehindLiteral(byte c) {
        return switch (state) {
            case BEHIND_VALUE -> true;
            case ZERO -> c != '.' && c != 'e' && c != 'E';
            case INTEGER -> !isDigit(c) && c != '.' && c != 'e' && c != 'E';
            case FRACTION -> !isDigit(c) && c != 'e' && c != 'E';
            case EXPONENT_DIGITS -> !isDigit(c);
            default -> false;
        };
    }

    private byte[] taken() {
        byte[] value = Arrays.copyOfRange(bytes, start, at);
        start = at;
        begun = false;
        state = State.VALUE;
        return value;
    }

    private void step(byte c) throws BadJson {
        switch (state) {
            case VALUE, VALUE_OR_END -> beginValue(c);
            case KEY, KEY_OR_END -> beginKey(c);
            case BEHIND_VALUE -> behindValue(c);
            case STRING -> inString(c);
            case ESCAPE -> inEscape(c);
            case HEX -> inHex(c);
            case MINUS -> {
                if (!isDigit(c)) {
                    throw unexpected(c, "in numeric literal");
                }
                state = c == '0' ? State.ZERO : State.INTEGER;
            }
            case ZERO, INTEGER -> inInteger(c);
            case POINT -> {
                if (!isDigit(c)) {
                    throw unexpected(c, "after decimal point in numeric literal");
                }
                state = State.FRACTION;
            }
            case FRACTION -> {
                if (c == 'e' || c == 'E') {
                    state = State.EXPONENT;
                } else if (!isDigit(c)) {
                    behindValue(c);
                }
            }
            case EXPONENT, EXPONENT_SIGN -> inExponent(c);
            case EXPONENT_DIGITS -> {
                if (!isDigit(c)) {
                    behindValue(c);
                }
            }
            case WORD -> inWord(c);
        }
    }

    private void beginValue(byte c) throws BadJson {
        if (isSpace(c)) {
            return;
        }
        switch (c) {
            case '{' -> {
                enter(c, OBJECT_KEY);
                state = State.KEY_OR_END;
            }
            case '[' -> {
                enter(c, ARRAY);
                state = State.VALUE_OR_END;
            }
            case '"' -> state = State.STRING;
            case '-' -> state = State.MINUS;
            case '0' -> state = State.ZERO;
            case 't' -> beginWord("true");
            case 'f' -> beginWord("false");
            case 'n' -> beginWord("null");
            default -> {
                if (c == ']' && state == State.VALUE_OR_END) {
                    leave();
                } else if (isDigit(c)) {
                    state = State.INTEGER;
                } else {
                    throw unexpected(c, "looking for beginning of value");
                }
            }
        }
    }

    private void beginWord(String expected) {
        state = State.WORD;
        word = expected;
        progress = 1;
    }

    private void inWord(byte c) throws BadJson {
        if (c != word.charAt(progress)) {
            throw unexpected(c, "in literal " + word + " (expecting '" + word.charAt(progress) + "')");
        }
        progress++;
        if (progress == word.length()) {
            state = State.BEHIND_VALUE;
        }
    }

    private void beginKey(byte c) throws BadJson {
        if (isSpace(c)) {
            return;
        }
        if (c == '"') {
            state = State.STRING;
        } else if (c == '}' && state == State.KEY_OR_END) {
            leave();
        } else {
            throw unexpected(c, "looking for beginning of object key string");
        }
    }

    private void behindValue(byte c) throws BadJson {
        state = State.BEHIND_VALUE;
        if (isSpace(c)) {
            return;
        }
        switch (open[depth - 1]) {
            case OBJECT_KEY -> {
                if (c != ':') {
                    throw unexpected(c, "after object key");
                }
                open[depth - 1] = OBJECT_VALUE;
                state = State.VALUE;
            }
            case OBJECT_VALUE -> {
                if (c == ',') {
                    open[depth - 1] = OBJECT_KEY;
                    state = State.KEY;
                } else if (c == '}') {
                    leave();
                } else {
                    throw unexpected(c, "after object key:value pair");
                }
            }
            default -> {
                if (c == ',') {
                    state = State.VALUE;
                } else if (c == ']') {
                    leave();
                } else {
                    throw unexpected(c, "after array element");
                }
            }
        }
    }

    private void inString(byte c) throws BadJson {
        if (c == '"') {
            state = State.BEHIND_VALUE;
        } else if (c == '\\') {
            state = State.ESCAPE;
        } else if (c >= 0 && c < ' ') {
            throw unexpected(c, "in string literal");
        }
    }

    private void inEscape(byte c) throws BadJson {
        switch (c) {
            case 'b', 'f', 'n', 'r', 't', '\\', '/', '"' -> state = State.STRING;
            case 'u' -> {
                state = State.HEX;
                progress = 0;
            }
            default -> throw unexpected(c, "in string escape code");
        }
    }

    private void inHex(byte c) throws BadJson {
        if (c < 0 || Character.digit(c, 16) < 0) {
            throw unexpected(c, "in \\u hexadecimal character escape");
        }
        progress++;
        if (progress == 4) {
            state = State.STRING;
        }
    }

    private void inInteger(byte c) throws BadJson {
        if (c == '.') {
            state = State.POINT;
        } else if (c == 'e' || c == 'E') {
            state = State.EXPONENT;
        } else if (state == State.ZERO || !isDigit(c)) {
            behindValue(c);
        }
    }

    private void inExponent(byte c) throws BadJson {
        if (isDigit(c)) {
            state = State.EXPONENT_DIGITS;
        } else if (state == State.EXPONENT && (c == '+' || c == '-')) {
            state = State.EXPONENT_SIGN;
        } else {
            throw unexpected(c, "in exponent of numeric literal");
        }
    }

    private void enter(byte c, byte what) throws BadJson {
        if (depth == DEPTH_MAX) {
            throw unexpected(c, "exceeded max depth");
        }
        if (depth == open.length) {
            open = Arrays.copyOf(open, depth * 2);
        }
        open[depth++] = what;
    }

    private void leave() {
        depth--;
        state = State.BEHIND_VALUE;
    }

    private BadJson unexpected(byte c, String where) {
        return mistake("invalid character " + GoText.character(c) + " " + where);
    }

    private BadJson mistake(String text) {
        BadJson made = new BadJson(text);
        mistake = made;
        bytes = new byte[0];
        start = 0;
        at = 0;
        end = 0;
        return made;
    }

    private static boolean isDigit(byte c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isSpace(byte c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }
}
