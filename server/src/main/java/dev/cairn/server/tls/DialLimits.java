package dev.cairn.server.tls;

import dev.cairn.server.config.ServerConfig;
import java.security.GeneralSecurityException;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/**
 * Immutable. Which versions and suites connections that are made from here may speak, by the options that say so for the listeners.
 *
 * @param protocols enabled, by the names of the JDK
 */
record DialLimits(List<String> protocols, List<String> cipherSuites) {
    DialLimits {
        protocols = List.copyOf(protocols);
        cipherSuites = List.copyOf(cipherSuites);
    }

    /** @throws TlsException when the runtime has none of the suites that are named */
    static DialLimits of(ServerConfig config) throws TlsException {
        List<String> protocols = ClientTls.protocols(config);
        try {
            String[] suites = CipherSuites.enabled(
                    config.cipherSuites(),
                    List.of(SSLContext.getDefault().getDefaultSSLParameters().getCipherSuites()),
                    protocols.contains("TLSv1.3"));
            return new DialLimits(protocols, List.of(suites));
        } catch (GeneralSecurityException e) {
            throw new TlsException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }

    SSLParameters parameters() {
        return new SSLParameters(cipherSuites.toArray(String[]::new), protocols.toArray(String[]::new));
    }
}
