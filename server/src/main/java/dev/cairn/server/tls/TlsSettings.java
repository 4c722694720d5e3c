package dev.cairn.server.tls;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. What a listener's TLS consists of. Files are named together with the options they come from.
 *
 * @param trustedCa null for the authorities that the runtime trusts
 * @param crl null for no revocations
 * @param hostNames of which a client certificate must carry one; empty for any
 * @param commonNames of which a client certificate must carry one; empty for any
 * @param cipherSuites of TLS 1.2; empty for those that etcd has enabled by itself
 * @param protocols enabled, by the names of the JDK
 */
record TlsSettings(
        Named certificate,
        Named key,
        @Nullable Named trustedCa,
        @Nullable Named crl,
        boolean clientCertificates,
        List<String> hostNames,
        List<String> commonNames,
        List<String> cipherSuites,
        List<String> protocols) {
    TlsSettings {
        hostNames = List.copyOf(hostNames);
        commonNames = List.copyOf(commonNames);
        cipherSuites = List.copyOf(cipherSuites);
        protocols = List.copyOf(protocols);
    }

    /** A file and the option, without dashes, that names it. */
    record Named(String option, Path path) {
        static @Nullable Named of(String option, String path) {
            return path.isEmpty() ? null : new Named(option, Path.of(path));
        }
    }

    /** All files that matter. */
    List<Named> files() {
        return java.util.stream.Stream.of(certificate, key, trustedCa, crl)
                .filter(java.util.Objects::nonNull)
                .toList();
    }
}
