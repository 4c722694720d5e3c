package dev.cairn.server.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Confined to one call. Reads a JSON text into maps, lists, texts, booleans, nulls and {@link Numeral}s; what is wrong with it is said
 * in the words of Go's library, which operators know from etcd.
 */
public final class GoJson {
    private static final int NESTING_MAX = 100;
    private static final String BEGINNING = "looking for beginning of value";

    private final String text;
    private int at;
    private int depth;

    /** A number as it was written. */
    public record Numeral(String text) {}

    private GoJson(String text) {
        this.text = text;
    }

    /** @throws ConfigException with Go's words when the text is not one JSON value */
    public static @Nullable Object parse(String text) throws ConfigException {
        GoJson json = new GoJson(text);
        Object value = json.value();
        json.blanks();
        if (json.at < text.length()) {
            throw json.unexpected("after top-level value");
        }
        return value;
    }

    private @Nullable Object value() throws ConfigException {
        blanks();
        char c = peek();
        switch (c) {
            case '{' -> {
                return object();
            }
            case '[' -> {
                return array();
            }
            case '"' -> {
                return text();
            }
            case 't' -> {
                return literal("true", Boolean.TRUE);
            }
            case 'f' -> {
                return literal("false", Boolean.FALSE);
            }
            case 'n' -> {
                return literal("null", null);
            }
            default -> {
                if (c == '-' || isDigit(c)) {
                    return number();
                }
                throw unexpected(BEGINNING);
            }
        }
    }

    private Map<String, @Nullable Object> object() throws ConfigException {
        enter();
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        blanks();
        if (peek() == '}') {
            leave();
            return members;
        }
        while (true) {
            blanks();
            if (peek() != '"') {
                throw unexpected("looking for beginning of object key string");
            }
            String key = text();
            blanks();
            if (peek() != ':') {
                throw unexpected("after object key");
            }
            at++;
            members.put(key, value());
            blanks();
            if (peek() == '}') {
                leave();
                return members;
            }
            if (peek() != ',') {
                throw unexpected("after object key:value pair");
            }
            at++;
        }
    }

    private List<@Nullable Object> array() throws ConfigException {
        enter();
        List<@Nullable Object> elements = new ArrayList<>();
        blanks();
        if (peek() == ']') {
            leave();
            return elements;
        }
        while (true) {
            elements.add(value());
            blanks();
            if (peek() == ']') {
                leave();
                return elements;
            }
            if (peek() != ',') {
                throw unexpected("after array element");
            }
            at++;
        }
    }

    private void enter() throws ConfigException {
        at++;
        if (++depth > NESTING_MAX) {
            throw new ConfigException("exceeded max depth");
        }
    }

    private void leave() {
        at++;
        depth--;
    }

    private String text() throws ConfigException {
        StringBuilder read = new StringBuilder();
        at++;
        while (true) {
            char c = peek();
            if (c == '"') {
                at++;
                return read.toString();
            }
            if (c < 0x20) {
                throw unexpected("in string literal");
            }
            at++;
            read.append(c == '\\' ? escaped() : c);
        }
    }

    private char escaped() throws ConfigException {
        char c = peek();
        int simple = "\"\\/bfnrt".indexOf(c);
        if (simple >= 0) {
            at++;
            return "\"\\/\b\f\n\r\t".charAt(simple);
        }
        if (c != 'u') {
            throw unexpected("in string escape code");
        }
        at++;
        int code = 0;
        for (int digit = 0; digit < 4; digit++) {
            int nibble = Character.digit(peek(), 16);
            if (nibble < 0) {
                throw unexpected("in \\u hexadecimal character escape");
            }
            code = code << 4 | nibble;
            at++;
        }
        return (char) code;
    }

    private @Nullable Boolean literal(String word, @Nullable Boolean meaning) throws ConfigException {
        for (int i = 0; i < word.length(); i++) {
            if (peek() != word.charAt(i)) {
                throw unexpected("in literal " + word + " (expecting " + quoted(word.charAt(i)) + ")");
            }
            at++;
        }
        return meaning;
    }

    private Numeral number() throws ConfigException {
        int from = at;
        if (peek() == '-') {
            at++;
            if (!isDigit(peek())) {
                throw unexpected("in numeric literal");
            }
        }
        if (text.charAt(at) == '0') {
            at++;
        } else {
            digits();
        }
        if (at < text.length() && text.charAt(at) == '.') {
            at++;
            if (!isDigit(peek())) {
                throw unexpected("after decimal point in numeric literal");
            }
            digits();
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            at++;
            if (peek() == '+' || peek() == '-') {
                at++;
            }
            if (!isDigit(peek())) {
                throw unexpected("in exponent of numeric literal");
            }
            digits();
        }
        return new Numeral(text.substring(from, at));
    }

    private void digits() {
        while (at < text.length() && isDigit(text.charAt(at))) {
            at++;
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private void blanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() throws ConfigException {
        if (at >= text.length()) {
            throw new ConfigException("unexpected end of JSON input");
        }
        return text.charAt(at);
    }

    private ConfigException unexpected(String where) {
        return new ConfigException("invalid character " + quoted(text.charAt(at)) + " " + where);
    }

    private static String quoted(char c) {
        return switch (c) {
            case '\'' -> "'\\''";
            case '"' -> "'\"'";
            default -> {
                String text = GoSyntax.quote(String.valueOf(c));
                yield "'" + text.substring(1, text.length() - 1) + "'";
            }
        };
    }
}
