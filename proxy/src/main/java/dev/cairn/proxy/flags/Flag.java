package dev.cairn.proxy.flags;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.GoSyntax;
import java.util.ArrayList;
import java.util.List;

/**
 * Immutable. One flag of a command.
 *
 * @param name without dashes
 * @param standard the text that stands for the value when the flag is not given
 * @param usage the line of the help text
 */
public record Flag(String name, Kind kind, String standard, String usage) {
    private static final long UINT32_MAX = 0xffff_ffffL;

    /** What a value is, with the word for it in the help text. */
    public enum Kind {
        BOOL(""),
        STRING("string"),
        STRINGS("strings"),
        DURATION("duration"),
        INT("int"),
        UINT("uint"),
        UINT32("uint32");

        private final String word;

        Kind(String word) {
            this.word = word;
        }
    }

    public static Flag text(String name, String standard, String usage) {
        return new Flag(name, Kind.STRING, standard, usage);
    }

    public static Flag bool(String name, String usage) {
        return new Flag(name, Kind.BOOL, "false", usage);
    }

    public static Flag texts(String name, String standard, String usage) {
        return new Flag(name, Kind.STRINGS, standard, usage);
    }

    public static Flag duration(String name, String standard, String usage) {
        return new Flag(name, Kind.DURATION, standard, usage);
    }

    public static Flag number(String name, Kind kind, long standard, String usage) {
        return new Flag(name, kind, Long.toString(standard), usage);
    }

    /** The left part of the flag's line in the help text. */
    String synopsis() {
        return "      --" + name + (kind.word.isEmpty() ? "" : " " + kind.word);
    }

    /** The right part. */
    String explanation() {
        return switch (kind) {
            case BOOL -> usage + (standard.equals("true") ? " (default true)" : "");
            case STRING -> usage + (standard.isEmpty() ? "" : " (default " + GoSyntax.quote(standard) + ")");
            case STRINGS -> usage + (standard.isEmpty() ? "" : " (default [" + standard + "])");
            case DURATION -> usage + (standard.equals("0s") ? "" : " (default " + standard + ")");
            case INT, UINT, UINT32 -> usage + (standard.equals("0") ? "" : " (default " + standard + ")");
        };
    }

    /** Refuses a text that is no value of the flag; the message is the reason alone. */
    void check(String text) throws ConfigException {
        switch (kind) {
            case BOOL -> {
                try {
                    GoSyntax.bool(text);
                } catch (ConfigException e) {
                    throw new ConfigException(
                            "strconv.ParseBool: parsing " + GoSyntax.quote(text) + ": invalid syntax");
                }
            }
            case DURATION -> GoSyntax.duration(text);
            case INT -> number("strconv.ParseInt", text);
            case UINT -> number("strconv.ParseUint", text);
            case UINT32 -> {
                if (number("strconv.ParseUint", text) > UINT32_MAX) {
                    throw new ConfigException(
                            "strconv.ParseUint: parsing " + GoSyntax.quote(text) + ": value out of range");
                }
            }
            case STRING, STRINGS -> {
                // Every text is a value.
            }
        }
    }

    /** A number of the kind; the message of a refusal names the Go function that etcd's operators know. */
    private long number(String function, String text) throws ConfigException {
        try {
            return kind == Kind.INT ? GoSyntax.signed(text) : GoSyntax.unsigned(text);
        } catch (ConfigException e) {
            String reason = GoSyntax.RANGE.equals(e.getMessage()) ? "value out of range" : "invalid syntax";
            throw new ConfigException(function + ": parsing " + GoSyntax.quote(text) + ": " + reason);
        }
    }

    long numberOf(String text) {
        try {
            return number("strconv", text);
        } catch (ConfigException e) {
            throw new IllegalStateException("checked when it was given: " + text, e);
        }
    }

    /** The parts of a list; a part in double quotes may hold commas. */
    static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        if (text.isEmpty()) {
            return parts;
        }
        StringBuilder part = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                parts.add(part.toString());
                part.setLength(0);
            } else {
                part.append(c);
            }
        }
        parts.add(part.toString());
        return parts;
    }
}
