package dev.cairn.server.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Immutable. An address of a listener or member: {@code http}, {@code https}, {@code unix} or {@code unixs}, without a path.
 *
 * @param host without brackets, for {@code unix} the path of the socket
 * @param port -1 for {@code unix}
 * @param text what was given, as it is shown to other members and clients
 */
public record EtcdUrl(String scheme, String host, int port, String text) implements Comparable<EtcdUrl> {
    /** True for the schemes that end in TLS. */
    public boolean tls() {
        return scheme.equals("https") || scheme.equals("unixs");
    }

    public boolean unixSocket() {
        return scheme.startsWith("unix");
    }

    /** By text, as etcd sorts. */
    @Override
    public int compareTo(EtcdUrl other) {
        return text.compareTo(other.text);
    }

    @Override
    public String toString() {
        return text;
    }

    /** Reads a comma-separated list; the result is sorted, because lists of URLs are compared as sets. */
    static List<EtcdUrl> parseList(String text) throws ConfigException {
        List<EtcdUrl> urls = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            urls.add(parse(part));
        }
        Collections.sort(urls);
        return List.copyOf(urls);
    }

    /** Reads one URL under which a member is reached: a scheme that etcd knows, host and port, no path. */
    public static EtcdUrl parse(String given) throws ConfigException {
        String text = given.trim();
        int colon = text.indexOf(':');
        int slash = text.indexOf('/');
        String scheme = colon >= 0 && (slash < 0 || colon < slash) ? text.substring(0, colon) : "";
        if (colon == 0) {
            throw new ConfigException("parse " + GoSyntax.quote(text) + ": missing protocol scheme");
        }
        if (!scheme.isEmpty() && !isScheme(scheme)) {
            throw new ConfigException(
                    "parse " + GoSyntax.quote(text) + ": first path segment in URL cannot contain colon");
        }
        return switch (scheme.toLowerCase(java.util.Locale.ROOT)) {
            case "http", "https" -> http(scheme.toLowerCase(java.util.Locale.ROOT), text);
            case "unix", "unixs" -> unix(scheme.toLowerCase(java.util.Locale.ROOT), text);
            default -> {
                checkEscapes(text);
                throw new ConfigException("URL scheme must be http, https, unix, or unixs: " + text);
            }
        };
    }

    private static void checkEscapes(String text) throws ConfigException {
        for (int at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) {
            String escape = text.substring(at, Math.min(text.length(), at + 3));
            if (!escape.matches("%[0-9a-fA-F]{2}")) {
                throw new ConfigException(
                        "parse " + GoSyntax.quote(text) + ": invalid URL escape " + GoSyntax.quote(escape));
            }
        }
    }

    private static boolean isScheme(String scheme) {
        for (int i = 0; i < scheme.length(); i++) {
            char c = scheme.charAt(i);
            boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            boolean other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
            if (!letter && !(other && i > 0)) {
                return false;
            }
        }
        return true;
    }

    private static EtcdUrl http(String scheme, String text) throws ConfigException {
        String rest = text.substring(scheme.length() + 1);
        String authority = "";
        String path = rest;
        if (rest.startsWith("//")) {
            int end = 2;
            while (end < rest.length() && "/?#".indexOf(rest.charAt(end)) < 0) {
                end++;
            }
            authority = rest.substring(2, end);
            path = rest.substring(end);
        }
        String hostPort = authority.substring(authority.lastIndexOf('@') + 1);
        int split = hostPort.lastIndexOf(':');
        boolean bracketed = hostPort.startsWith("[") && hostPort.indexOf(']') == split - 1;
        String host = split < 0 ? hostPort : hostPort.substring(0, split);
        String portText = split < 0 ? "" : hostPort.substring(split + 1);
        for (int i = 0; i < portText.length(); i++) {
            if (portText.charAt(i) < '0' || portText.charAt(i) > '9') {
                throw new ConfigException("parse " + GoSyntax.quote(text) + ": invalid port "
                        + GoSyntax.quote(":" + portText) + " after host");
            }
        }
        if (split < 0 || (!bracketed && host.indexOf(':') >= 0)) {
            throw new ConfigException("URL address does not have the form \"host:port\": " + text);
        }
        int pathEnd = path.length();
        for (int i = 0; i < path.length(); i++) {
            if (path.charAt(i) == '?' || path.charAt(i) == '#') {
                pathEnd = i;
                break;
            }
        }
        if (pathEnd > 0) {
            throw new ConfigException("URL must not contain a path: " + text);
        }
        int port = portText.isEmpty() ? 0 : portText.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(portText);
        return new EtcdUrl(scheme, bracketed ? host.substring(1, host.length() - 1) : host, port, text);
    }

    private static EtcdUrl unix(String scheme, String text) {
        String rest = text.substring(scheme.length() + 1);
        return new EtcdUrl(scheme, rest.startsWith("//") ? rest.substring(2) : rest, -1, text);
    }
}
