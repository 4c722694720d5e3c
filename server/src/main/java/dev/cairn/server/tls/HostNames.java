package dev.cairn.server.tls;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/**
 * Whether a certificate was made for a host: by its alternative names alone, the common name does not count. A wildcard stands for
 * exactly the first label. Stateless.
 */
final class HostNames {
    private static final int DNS = 2;
    private static final int IP = 7;

    private HostNames() {}

    static boolean match(X509Certificate certificate, String host) {
        String bare = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
        boolean address = isAddress(bare);
        Collection<List<?>> names;
        try {
            names = certificate.getSubjectAlternativeNames();
        } catch (CertificateParsingException e) {
            return false;
        }
        if (names == null) {
            return false;
        }
        for (List<?> name : names) {
            String value = String.valueOf(name.get(1));
            boolean same = switch ((Integer) name.get(0)) {
                case DNS -> !address && sameName(value, bare);
                case IP -> address && sameAddress(value, bare);
                default -> false;
            };
            if (same) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAddress(String text) {
        return text.indexOf(':') >= 0 || text.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
    }

    /** Both are literals, so nothing is looked up. */
    private static boolean sameAddress(String one, String other) {
        try {
            return java.net.InetAddress.getByName(one).equals(java.net.InetAddress.getByName(other));
        } catch (java.net.UnknownHostException e) {
            return false;
        }
    }

    private static boolean sameName(String pattern, String host) {
        String[] wanted = labels(pattern);
        String[] given = labels(host);
        if (wanted.length != given.length || host.isEmpty()) {
            return false;
        }
        for (int i = 0; i < wanted.length; i++) {
            boolean wildcard = i == 0 && wanted.length > 1 && wanted[0].equals("*") && !given[0].isEmpty();
            if (!wildcard && !wanted[i].equals(given[i])) {
                return false;
            }
        }
        return true;
    }

    private static String[] labels(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return (lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower).split("\\.", -1);
    }
}
