package dev.cairn.server.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What {@code --auth-token} says: {@code kind,key=value,...}. Immutable.
 *
 * @param kind what comes before the first comma; may be empty
 * @param options the pairs behind it
 */
public record AuthTokenSettings(String kind, Map<String, String> options) {
    private static final Duration TTL_DEFAULT = Duration.ofMinutes(5);
    private static final List<String> KNOWN = List.of("priv-key", "pub-key", "sign-method", "ttl");

    public AuthTokenSettings {
        options = Map.copyOf(options);
    }

    /** @throws ConfigException for a part that is no pair, or a key that comes twice */
    static AuthTokenSettings parse(String text) throws ConfigException {
        String[] parts = text.split(",", -1);
        Map<String, String> options = new TreeMap<>();
        for (int i = 1; i < parts.length; i++) {
            String[] pair = parts[i].split("=", -1);
            if (pair.length != 2 || options.put(pair[0], pair[1]) != null) {
                throw new ConfigException("invalid token option: " + GoSyntax.quote(parts[i]));
            }
        }
        return new AuthTokenSettings(parts[0], options);
    }

    public String signMethod() {
        return options.getOrDefault("sign-method", "");
    }

    /** The file of the public key; empty for none. */
    public String publicKeyFile() {
        return options.getOrDefault("pub-key", "");
    }

    /** The file of the private key or of the secret; empty for none. */
    public String privateKeyFile() {
        return options.getOrDefault("priv-key", "");
    }

    /** @throws ConfigException when the text is no duration */
    public Duration ttl() throws ConfigException {
        String text = options.getOrDefault("ttl", "");
        return text.isEmpty() ? TTL_DEFAULT : GoSyntax.duration(text);
    }

    /** Keys that nobody knows, in order; they have no effect. */
    public List<String> unknownOptions() {
        List<String> unknown = new ArrayList<>(options.keySet());
        unknown.removeAll(KNOWN);
        unknown.sort(null);
        return unknown;
    }
}
