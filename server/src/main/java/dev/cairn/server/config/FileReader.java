package dev.cairn.server.config;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code --config-file}: YAML, hence also JSON. As in etcd, keys match whatever their case, unknown keys are passed over, an
 * empty value leaves the default, and a value of another type than the option's is an error. The document is taken as plain data:
 * tags that would build other objects, deep nesting, alias bombs and oversized files are refused.
 */
final class FileReader {
    /** Far above any real configuration, far below what would hurt. */
    private static final int FILE_BYTES_MAX = 1 << 20;

    private static final String TYPE_ERROR = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ";
    private static final BigInteger UINT64_MAX = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

    private FileReader() {}

    /** A URL that cannot be used: etcd reports it as a bare line without the log. */
    static final class BadUrl extends Exception {
        private static final long serialVersionUID = 1L;

        /** The exit code of etcd, which takes a bad origin for a mistake of its own. */
        final int status;

        BadUrl(String message, int status) {
            super(message);
            this.status = status;
        }
    }

    static void read(String path, Values into) throws ConfigException, BadUrl {
        Object document = parse(path);
        if (document instanceof Map<?, ?> map) {
            for (Option<?> option : Options.all()) {
                String key = option.fileKey;
                if (key == null) {
                    continue;
                }
                Object value = find(map, key);
                if (value != null) {
                    into.put(option, convert(option, key, value));
                }
            }
        } else if (document instanceof String || document instanceof Number || document instanceof Boolean) {
            throw new ConfigException(TYPE_ERROR + typeOf(document) + " into the configuration");
        }
        // Anything else (an empty file, a list) holds no key, so everything keeps its default.
    }

    private static Object parse(String path) throws ConfigException {
        String text;
        try {
            Path file = Path.of(path);
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw new ConfigException(
                        "configuration file " + path + " is larger than " + FILE_BYTES_MAX + " bytes");
            }
            text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new ConfigException("open " + path + ": no such file or directory");
        } catch (java.nio.file.AccessDeniedException e) {
            throw new ConfigException("open " + path + ": permission denied");
        } catch (IOException | IllegalArgumentException e) {
            throw new ConfigException("read " + path + ": " + e.getMessage());
        }
        return YamlDocument.parse(text, FILE_BYTES_MAX);
    }

    private static @Nullable Object find(Map<?, ?> map, String key) throws ConfigException {
        int dot = key.indexOf('.');
        Object value = entry(map, dot < 0 ? key : key.substring(0, dot));
        if (dot < 0 || value == null) {
            return value;
        }
        if (value instanceof Map<?, ?> nested) {
            return find(nested, key.substring(dot + 1));
        }
        throw new ConfigException(
                TYPE_ERROR + typeOf(value) + " into field " + key.substring(0, dot) + " of type struct");
    }

    /** The exact key before any other spelling of it. */
    private static @Nullable Object entry(Map<?, ?> map, String key) {
        Object exact = map.get(key);
        if (exact != null) {
            return exact;
        }
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (entry.getKey() instanceof String name
                    && name.toLowerCase(Locale.ROOT).equals(key)) {
                return entry.getValue();
            }
        }
        return null;
    }

    private static Object convert(Option<?> option, String key, Object value) throws ConfigException, BadUrl {
        switch (option.kind) {
            case BOOL -> {
                if (value instanceof Boolean) {
                    return value;
                }
                throw wrongType(option, key, value);
            }
            case UNSIGNED, UNSIGNED_32 -> {
                return unsigned(option, key, value);
            }
            case SIGNED -> {
                return whole(option, key, value);
            }
            case DURATION -> {
                return Duration.ofNanos(whole(option, key, value));
            }
            case STRINGS -> {
                return strings(option, key, value);
            }
            default -> {
                if (value instanceof String text) {
                    return parse(option, text);
                }
                throw wrongType(option, key, value);
            }
        }
    }

    private static Object parse(Option<?> option, String text) throws ConfigException, BadUrl {
        try {
            return option.parse(text);
        } catch (ConfigException e) {
            switch (option.kind) {
                case ORIGINS -> throw new BadUrl("panic: new UniqueURLs should never fail: " + e.getMessage(), 2);
                case URLS -> {
                    // etcd names the peer URLs where the advertised client URLs are wrong; tools match the line.
                    String shown = option == Options.ADVERTISE_CLIENT_URLS ? "advertise-peer-urls" : option.name;
                    throw new BadUrl("unexpected error setting up " + shown + ": " + e.getMessage(), 1);
                }
                case CHOICE -> {
                    if (option == Options.INITIAL_CLUSTER_STATE) {
                        throw new ConfigException("unexpected clusterState " + GoSyntax.quote(text));
                    }
                    // The file's stage of the v2 store is not looked at.
                    return option.defaultText;
                }
                default -> throw e;
            }
        }
    }

    private static long unsigned(Option<?> option, String key, Object value) throws ConfigException {
        BigInteger number = integer(option, key, value);
        BigInteger max = option.kind == Option.Kind.UNSIGNED_32 ? BigInteger.valueOf(0xffff_ffffL) : UINT64_MAX;
        if (number.signum() < 0 || number.compareTo(max) > 0) {
            throw wrongType(option, key, value);
        }
        return number.min(BigInteger.valueOf(Long.MAX_VALUE)).longValue();
    }

    private static long whole(Option<?> option, String key, Object value) throws ConfigException {
        BigInteger number = integer(option, key, value);
        if (number.bitLength() > 63) {
            throw wrongType(option, key, value);
        }
        return number.longValue();
    }

    private static BigInteger integer(Option<?> option, String key, Object value) throws ConfigException {
        if (value instanceof Integer || value instanceof Long) {
            return BigInteger.valueOf(((Number) value).longValue());
        }
        if (value instanceof BigInteger number) {
            return number;
        }
        throw wrongType(option, key, value);
    }

    private static List<String> strings(Option<?> option, String key, Object value) throws ConfigException {
        if (!(value instanceof List<?> list)) {
            throw wrongType(option, key, value);
        }
        List<String> texts = new ArrayList<>();
        for (Object element : list) {
            if (!(element instanceof String text)) {
                throw new ConfigException(TYPE_ERROR + typeOf(element) + field(option, key) + " of type string");
            }
            texts.add(text);
        }
        return List.copyOf(texts);
    }

    private static ConfigException wrongType(Option<?> option, String key, Object value) {
        return new ConfigException(
                TYPE_ERROR + describe(option, value) + field(option, key) + " of type " + typeName(option));
    }

    /** Only where a number was wanted its value matters. */
    private static String describe(Option<?> option, Object value) {
        boolean wantsNumber = switch (option.kind) {
            case UNSIGNED, UNSIGNED_32, SIGNED, DURATION -> true;
            default -> false;
        };
        return wantsNumber && value instanceof Number ? "number " + value : typeOf(value);
    }

    /** The place of a key as etcd's errors name it, by the structures of its code. */
    private static String field(Option<?> option, String key) {
        boolean converted = switch (option.kind) {
            case URLS, ORIGINS, HOSTS, GATES -> true;
            default -> false;
        };
        String place;
        if (key.contains("-transport-security.")) {
            place = "securityConfig.configJSON.";
        } else if (key.startsWith("socket-options.")) {
            place = "SocketOpts.Config.";
        } else if (key.startsWith("discovery-config.client.secure.")) {
            place = "SecureConfig.Config.";
        } else if (key.startsWith("discovery-config.client.auth.")) {
            place = "AuthConfig.Config.";
        } else if (key.startsWith("discovery-config.client.")) {
            place = "ConfigSpec.Config.";
        } else if (key.startsWith("discovery-config.")) {
            place = "DiscoveryConfig.Config.";
        } else {
            place = converted ? "configYAML.configJSON." : "configYAML.Config.";
        }
        return " into Go struct field " + place + key;
    }

    private static String typeName(Option<?> option) {
        if (option == Options.SNAPSHOT_COUNT || option == Options.SNAPSHOT_CATCHUP_ENTRIES) {
            return "uint64";
        }
        return option == Options.QUOTA_BACKEND_BYTES ? "int64" : option.kind.typeName;
    }

    private static String typeOf(@Nullable Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof String) {
            return "string";
        }
        if (value instanceof Boolean) {
            return "bool";
        }
        if (value instanceof Number) {
            return "number";
        }
        return value instanceof List ? "array" : "object";
    }
}
