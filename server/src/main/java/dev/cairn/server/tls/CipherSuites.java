package dev.cairn.server.tls;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The names of cipher suites that etcd accepts, and what the runtime calls them. Stateless. */
final class CipherSuites {
    /** Those of TLS 1.2 that etcd has enabled when no option names any, the preferred one first. */
    private static final List<String> DEFAULT = List.of(
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA");

    /** TLS 1.3 has its own suites, which no option narrows. */
    private static final List<String> TLS13 =
            List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

    private static final Set<String> KNOWN = Set.of(
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_RSA_WITH_RC4_128_SHA",
            "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_AES_256_CBC_SHA",
            "TLS_RSA_WITH_AES_128_CBC_SHA256",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
            "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
            "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305");

    private CipherSuites() {}

    /** Refuses a name that etcd would refuse, in its words. */
    static void check(List<String> names) throws TlsException {
        for (String name : names) {
            if (!KNOWN.contains(name)) {
                throw new TlsException("unexpected TLS cipher suite \"" + name + "\"");
            }
        }
    }

    /**
     * The suites to enable: those given that the runtime has, and those of TLS 1.3.
     *
     * @param names empty for those that etcd has enabled by itself
     * @throws TlsException when TLS 1.2 is all there is and the runtime has none of the given ones
     */
    static String[] enabled(List<String> names, List<String> supported, boolean tls13) throws TlsException {
        List<String> enabled = new ArrayList<>();
        for (String name : names.isEmpty() ? DEFAULT : names) {
            String full = name.endsWith("CHACHA20_POLY1305") ? name + "_SHA256" : name;
            if (supported.contains(full) && !TLS13.contains(full)) {
                enabled.add(full);
            }
        }
        if (tls13) {
            TLS13.stream().filter(supported::contains).forEach(enabled::add);
        }
        if (enabled.isEmpty()) {
            throw new TlsException("--cipher-suites " + String.join(",", names)
                    + " cannot be used: this Java runtime has none of them enabled");
        }
        return enabled.toArray(String[]::new);
    }
}
