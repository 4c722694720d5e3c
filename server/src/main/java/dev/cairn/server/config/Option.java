package dev.cairn.server.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. One row of the option table: how a setting is named on the command line, in the environment and in the file, how its
 * text becomes a value, and what the server does with it.
 *
 * @param <T> the type of the value
 */
final class Option<T> {
    /** How the text of a value is read, and what an operator calls the type in an error of the configuration file. */
    enum Kind {
        STRING("string"),
        BOOL("bool"),
        UNSIGNED("uint"),
        UNSIGNED_32("uint32"),
        SIGNED("int"),
        DURATION("time.Duration"),
        URLS("string"),
        /** URLs, or a star for all. */
        ORIGINS("string"),
        /** A comma-separated set in one text. */
        HOSTS("string"),
        /** A comma-separated list on the command line and a real list in the file. */
        STRINGS("[]string"),
        CHOICE("string"),
        GATES("string"),
        /** An old flag that parses like a boolean and is dropped. */
        IGNORED("bool");

        final String typeName;

        Kind(String typeName) {
            this.typeName = typeName;
        }

        /** Kinds whose flag takes a value only behind an equals sign. */
        boolean standsAlone() {
            return this == BOOL || this == IGNORED;
        }
    }

    /** What giving the option leads to; anything but {@link #EFFECTIVE} is said in the log or refused, never dropped. */
    enum Effect {
        EFFECTIVE,
        /** Accepted, and the log says that it does nothing yet. */
        NOT_YET,
        /** Accepted, and the log says that it cannot mean anything here, because the engine has no such part. */
        MEANINGLESS,
        /** The start is refused: going on without it would do something else than the operator asked for. */
        REFUSED
    }

    /** The headings of the help text. */
    enum Section {
        MEMBER("Member:"),
        CLUSTERING("Clustering:"),
        SECURITY("Security:"),
        AUTH("Auth:"),
        MONITORING("Profiling and Monitoring:"),
        LOGGING("Logging:"),
        TRACING("Distributed tracing:"),
        FEATURES("Features:"),
        /** What etcd has no flags for. */
        BACKUPS("Backups (not in etcd):"),
        UNSAFE("Unsafe feature:"),
        /** Parsed, but not listed. */
        UNLISTED("");

        final String heading;

        Section(String heading) {
            this.heading = heading;
        }
    }

    final String name;
    final Kind kind;
    final String defaultText;
    final Section section;
    final String help;
    private final List<String> choices;
    private final T defaultValue;

    @Nullable
    String fileKey;

    Effect effect = Effect.EFFECTIVE;
    String reason = "";

    @SuppressWarnings("unchecked") // The factory methods of Options pair each kind with its type.
    Option(String name, Kind kind, String defaultText, Section section, String help, String... choices) {
        this.name = name;
        this.kind = kind;
        this.defaultText = defaultText;
        this.section = section;
        this.help = help;
        this.choices = List.of(choices);
        this.fileKey = section == Section.UNLISTED ? null : name;
        try {
            this.defaultValue = (T) (defaultText.isEmpty() ? empty() : parse(defaultText));
        } catch (ConfigException e) {
            throw new IllegalStateException("default of --" + name + ": " + e.getMessage(), e);
        }
    }

    /** The key of the configuration file where it is not the flag's name; dots lead into nested objects. */
    Option<T> key(@Nullable String key) {
        fileKey = key;
        return this;
    }

    Option<T> notYet(String why) {
        effect = Effect.NOT_YET;
        reason = why;
        return this;
    }

    Option<T> meaningless(String why) {
        effect = Effect.MEANINGLESS;
        reason = why;
        return this;
    }

    Option<T> refused(String why) {
        effect = Effect.REFUSED;
        reason = why;
        return this;
    }

    T defaultValue() {
        return defaultValue;
    }

    String environmentName() {
        return "ETCD_" + name.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    private Object empty() throws ConfigException {
        return switch (kind) {
            case STRING, CHOICE, IGNORED -> "";
            case GATES -> Map.of();
            default -> List.of();
        };
    }

    /** Reads a value as given on the command line or in a variable. The message of the exception is only the reason. */
    Object parse(String text) throws ConfigException {
        return switch (kind) {
            case STRING, IGNORED -> text;
            case BOOL -> GoSyntax.bool(text);
            case UNSIGNED -> GoSyntax.unsigned(text);
            case UNSIGNED_32 -> unsigned32(text);
            case SIGNED -> GoSyntax.signed(text);
            case DURATION -> duration(text);
            case URLS -> text.isEmpty() ? List.of() : EtcdUrl.parseList(text);
            case ORIGINS -> origins(text);
            case HOSTS, STRINGS -> text.isEmpty() ? List.of() : List.of(text.split(",", -1));
            case CHOICE -> choice(text);
            case GATES -> gates(text);
        };
    }

    private static Long unsigned32(String text) throws ConfigException {
        String reason;
        try {
            long value = GoSyntax.unsigned(text);
            if (value <= 0xffff_ffffL) {
                return value;
            }
            reason = "value out of range";
        } catch (ConfigException e) {
            reason = GoSyntax.RANGE.equals(e.getMessage()) ? "value out of range" : "invalid syntax";
        }
        throw new ConfigException("strconv.ParseUint: parsing " + GoSyntax.quote(text) + ": " + reason);
    }

    private static Duration duration(String text) throws ConfigException {
        try {
            return GoSyntax.duration(text);
        } catch (ConfigException e) {
            throw new ConfigException(GoSyntax.SYNTAX);
        }
    }

    private static List<String> origins(String text) throws ConfigException {
        if (text.isEmpty()) {
            return List.of();
        }
        if (text.equals("*")) {
            return List.of("*");
        }
        List<String> origins = new ArrayList<>();
        for (EtcdUrl url : EtcdUrl.parseList(text)) {
            origins.add(url.text());
        }
        return origins;
    }

    private String choice(String text) throws ConfigException {
        if (choices.contains(text)) {
            return text;
        }
        if (this != Options.V2_DEPRECATION) {
            throw new ConfigException("invalid value");
        }
        // etcd takes it for a list and names the first part that is none.
        for (String part : text.split(",", -1)) {
            if (!choices.contains(part)) {
                throw new ConfigException("invalid value " + GoSyntax.quote(part));
            }
        }
        return text;
    }

    private static Map<String, Boolean> gates(String text) throws ConfigException {
        Map<String, Boolean> gates = new LinkedHashMap<>();
        for (String part : text.split(",", -1)) {
            if (part.isEmpty()) {
                continue;
            }
            String pair = part.trim();
            int equals = pair.indexOf('=');
            if (equals < 0) {
                throw new ConfigException("missing bool value for " + pair);
            }
            String gate = pair.substring(0, equals).trim();
            String value = pair.substring(equals + 1).trim();
            boolean on;
            try {
                on = GoSyntax.bool(value);
            } catch (ConfigException e) {
                throw new ConfigException("invalid value of " + gate + "=" + value
                        + ", err: strconv.ParseBool: parsing " + GoSyntax.quote(value) + ": invalid syntax");
            }
            gates.put(gate, on);
        }
        // As in etcd, names are looked up once all parts could be read.
        for (String gate : gates.keySet()) {
            if (!FeatureGate.isKnown(gate)) {
                throw new ConfigException("unrecognized feature gate: " + gate);
            }
        }
        return Map.copyOf(gates);
    }
}
