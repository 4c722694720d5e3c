package dev.cairn.proxy;

import org.jspecify.annotations.Nullable;

/**
 * Immutable. The two parts of {@code host:port}.
 *
 * @param host without brackets; may be empty
 * @param port as written
 */
record HostPort(String host, String port) {
    private static final int PORT_MAX = 0xffff;

    /** Null where there is no port, or the host has colons and no brackets. */
    static @Nullable HostPort parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            return null;
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0 || host.indexOf('[') >= 0 || host.indexOf(']') >= 0) {
            return null;
        }
        return new HostPort(host, text.substring(colon + 1));
    }

    /** The host and port of a URL; any other text as it is. */
    static String withoutScheme(String endpoint) {
        int scheme = endpoint.indexOf("://");
        if (scheme <= 0) {
            return endpoint;
        }
        String rest = endpoint.substring(scheme + 3);
        int end = 0;
        while (end < rest.length() && "/?#".indexOf(rest.charAt(end)) < 0) {
            end++;
        }
        String authority = rest.substring(0, end);
        return authority.isEmpty() ? endpoint : authority.substring(authority.lastIndexOf('@') + 1);
    }

    /** The number at the start of the port; 0 for none, as in etcd. */
    int number() {
        int end = 0;
        while (end < port.length() && end < 5 && Character.isDigit(port.charAt(end))) {
            end++;
        }
        int number = end == 0 ? 0 : Integer.parseInt(port.substring(0, end));
        return number > PORT_MAX ? 0 : number;
    }
}
