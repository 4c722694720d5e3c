package dev.cairn.peers;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;

/**
 * An address of a member for other members. Immutable.
 *
 * @param tls whether the scheme is {@code https} or {@code unixs}
 * @param unixSocket whether {@code host} is the path of a socket
 * @param host without brackets
 * @param port 0 for a socket's path
 * @param text what was given
 */
public record PeerUrl(boolean tls, boolean unixSocket, String host, int port, String text) {
    /**
     * Reads {@code http://host:port}, {@code https://host:port}, {@code unix://path} or {@code unixs://path}.
     *
     * @throws IllegalArgumentException if it is none of these
     */
    public static PeerUrl parse(String text) {
        int colon = text.indexOf("://");
        String scheme = colon < 0 ? "" : text.substring(0, colon);
        String rest = colon < 0 ? text : text.substring(colon + "://".length());
        return switch (scheme) {
            case "http", "https" -> address(scheme.equals("https"), text);
            case "unix", "unixs" -> {
                if (rest.isEmpty()) {
                    throw new IllegalArgumentException("no path in peer URL " + text);
                }
                yield new PeerUrl(scheme.equals("unixs"), true, rest, 0, text);
            }
            default -> throw new IllegalArgumentException("URL scheme must be http, https, unix, or unixs: " + text);
        };
    }

    /**
     * Reads several.
     *
     * @throws IllegalArgumentException if there are none, or if one is none
     */
    public static List<PeerUrl> parseAll(List<String> texts) {
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("a member without peer URLs");
        }
        List<PeerUrl> urls = new ArrayList<>(texts.size());
        for (String text : texts) {
            urls.add(parse(text));
        }
        return List.copyOf(urls);
    }

    private static PeerUrl address(boolean tls, String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("peer URL " + text + ": " + e.getMessage(), e);
        }
        String host = uri.getHost();
        if (host == null || uri.getPort() < 1 || uri.getPort() > 0xffff) {
            throw new IllegalArgumentException("peer URL without host and port: " + text);
        }
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        return new PeerUrl(tls, false, bracketed ? host.substring(1, host.length() - 1) : host, uri.getPort(), text);
    }

    /** The value of a request's {@code Host} header. */
    String authority() {
        if (unixSocket) {
            return "localhost";
        }
        return (host.indexOf(':') >= 0 ? '[' + host + ']' : host) + ':' + port;
    }

    @Override
    public String toString() {
        return text;
    }
}
