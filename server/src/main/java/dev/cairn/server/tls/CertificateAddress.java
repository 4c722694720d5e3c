package dev.cairn.server.tls;

import dev.cairn.server.names.Names;
import dev.cairn.server.names.UnknownNameException;
import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether a certificate was made for the host that shows it, by etcd's rule: one without names of hosts may come from anywhere; otherwise it
 * names the address, or a host that the address is known by, or one that has the address. Thread-safe.
 */
public final class CertificateAddress {
    private static final int DNS = 2;
    private static final int IP = 7;

    private final Names names;

    public CertificateAddress(Names names) {
        this.names = names;
    }

    /** Whether {@link #refusal} answers at once, because no name has to be looked up. */
    public static boolean isPlain(X509Certificate certificate, InetAddress from) {
        return alternatives(certificate, DNS).isEmpty()
                || (!alternatives(certificate, IP).isEmpty() && HostNames.match(certificate, from.getHostAddress()));
    }

    /** Why the certificate does not belong there, in etcd's words; null when it does. May block. */
    public @Nullable String refusal(X509Certificate certificate, InetAddress from) {
        String address = from.getHostAddress();
        List<String> addresses = alternatives(certificate, IP);
        List<String> hosts = alternatives(certificate, DNS);
        if (addresses.isEmpty() && hosts.isEmpty()) {
            return null;
        }
        if (!addresses.isEmpty()) {
            if (HostNames.match(certificate, address)) {
                return null;
            }
            if (hosts.isEmpty()) {
                return "x509: certificate is valid for " + String.join(", ", addresses) + ", not " + address;
            }
        }
        String unknown = "";
        try {
            if (names.hosts(from).stream().anyMatch(name -> isNamed(name, hosts))) {
                return null;
            }
        } catch (UnknownNameException e) {
            unknown = " (" + e.getMessage() + ")";
        }
        for (String host : hosts) {
            if (host.startsWith("*.")) {
                continue;
            }
            try {
                if (names.addresses(host).contains(from)) {
                    return null;
                }
            } catch (UnknownNameException e) {
                unknown = " (" + e.getMessage() + ")";
            }
        }
        return "tls: \"" + address + "\" does not match any of DNSNames "
                + hosts.stream().map(host -> "\"" + host + "\"").collect(Collectors.joining(" ", "[", "]")) + unknown;
    }

    /** A wildcard stands for any number of labels here. */
    private static boolean isNamed(String name, List<String> hosts) {
        return hosts.stream()
                .anyMatch(host -> host.startsWith("*.") ? name.endsWith(host.substring(1)) : name.equals(host));
    }

    /** The addresses that a certificate names. */
    public static List<String> addresses(X509Certificate certificate) {
        return alternatives(certificate, IP);
    }

    /** The names of hosts that a certificate names. */
    public static List<String> hosts(X509Certificate certificate) {
        return alternatives(certificate, DNS);
    }

    private static List<String> alternatives(X509Certificate certificate, int kind) {
        List<String> found = new ArrayList<>();
        try {
            Collection<List<?>> all = certificate.getSubjectAlternativeNames();
            for (List<?> name : all == null ? List.<List<?>>of() : all) {
                if (name.get(0).equals(kind)) {
                    found.add(String.valueOf(name.get(1)));
                }
            }
        } catch (CertificateParsingException e) {
            // A certificate that was verified has been parsed before.
            return List.of();
        }
        return found;
    }
}
