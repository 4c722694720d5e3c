package dev.cairn.server.gateway;

import io.grpc.Metadata;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the headers of a request say of its call: its metadata, and how long it may take. Immutable.
 *
 * @param timeout null when the request says nothing, or zero
 */
record CallHeaders(Metadata metadata, @Nullable Duration timeout) {
    private static final String TIMEOUT = "grpc-timeout";
    private static final String METADATA_PREFIX = "grpc-metadata-";
    private static final String KNOWN_PREFIX = "grpcgateway-";
    private static final String BINARY_SUFFIX = "-bin";

    /** Headers that are passed on under a name that says where they come from. */
    private static final Set<String> KNOWN = Set.of(
            "accept",
            "accept-charset",
            "accept-language",
            "accept-ranges",
            "authorization",
            "cache-control",
            "content-type",
            "cookie",
            "date",
            "expect",
            "from",
            "if-match",
            "if-modified-since",
            "if-none-match",
            "if-schedule-tag-match",
            "if-unmodified-since",
            "max-forwards",
            "origin",
            "pragma",
            "referer",
            "user-agent",
            "via",
            "warning");

    /**
     * Reads the headers.
     *
     * @param headers by lower-case name
     * @throws BadJson when one of them cannot be meant; the message is etcd's
     */
    static CallHeaders of(Map<String, List<String>> headers) throws BadJson {
        List<String> timeouts = headers.getOrDefault(TIMEOUT, List.of());
        Duration timeout = timeouts.isEmpty() || timeouts.get(0).isEmpty() ? null : timeout(timeouts.get(0));
        Metadata metadata = new Metadata();
        for (Map.Entry<String, List<String>> header : headers.entrySet()) {
            String name = header.getKey();
            String key = KNOWN.contains(name)
                    ? KNOWN_PREFIX + name
                    : name.startsWith(METADATA_PREFIX) ? name.substring(METADATA_PREFIX.length()) : "";
            for (String value : header.getValue()) {
                if (name.equals("authorization")) {
                    put(metadata, name, name, value);
                }
                put(metadata, name, key, value);
            }
        }
        return new CallHeaders(metadata, timeout);
    }

    private static void put(Metadata metadata, String header, String key, String value) throws BadJson {
        if (key.isEmpty() || !key.chars().allMatch(CallHeaders::isInKey)) {
            return;
        }
        if (key.endsWith(BINARY_SUFFIX)) {
            metadata.put(Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER), binary(header, value));
        } else if (value.chars().allMatch(c -> c >= ' ' && c <= '~')) {
            metadata.put(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER), value);
        }
    }

    private static boolean isInKey(int c) {
        return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_';
    }

    private static byte[] binary(String header, String value) throws BadJson {
        try {
            return Base64.getDecoder().decode(value);
        } catch (IllegalArgumentException e) {
            int at = 0;
            while (at < value.length() && isInBase64(value.charAt(at))) {
                at++;
            }
            throw new BadJson(
                    "invalid binary header " + canonical(header) + ": illegal base64 data at input byte " + at);
        }
    }

    private static boolean isInBase64(char c) {
        return c < 0x80 && (Character.isLetterOrDigit(c) || c == '+' || c == '/');
    }

    /** The name as etcd's server spells it: a capital after each hyphen. */
    private static String canonical(String name) {
        StringBuilder spelled = new StringBuilder(name.length());
        boolean first = true;
        for (char c : name.toLowerCase(Locale.ROOT).toCharArray()) {
            spelled.append(first ? Character.toUpperCase(c) : c);
            first = c == '-';
        }
        return spelled.toString();
    }

    private static @Nullable Duration timeout(String text) throws BadJson {
        TimeUnit unit = switch (text.charAt(text.length() - 1)) {
            case 'H' -> TimeUnit.HOURS;
            case 'M' -> TimeUnit.MINUTES;
            case 'S' -> TimeUnit.SECONDS;
            case 'm' -> TimeUnit.MILLISECONDS;
            case 'u' -> TimeUnit.MICROSECONDS;
            case 'n' -> TimeUnit.NANOSECONDS;
            default -> null;
        };
        String number = text.substring(0, text.length() - 1);
        if (unit != null && number.matches("[-+]?[0-9]+")) {
            try {
                long nanos = unit.toNanos(Long.parseLong(number));
                return nanos == 0 ? null : Duration.ofNanos(nanos);
            } catch (NumberFormatException e) {
                // Beyond 64 bits; said like any other that cannot be read.
            }
        }
        throw new BadJson("invalid grpc-timeout: " + text);
    }
}
