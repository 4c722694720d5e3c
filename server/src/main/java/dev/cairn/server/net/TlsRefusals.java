package dev.cairn.server.net;

import dev.cairn.server.tls.CertificateAddress;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Immutable. Says which connections were refused over TLS, in the words that operators of etcd look for.
 *
 * @param endpoint {@code client} or {@code peer}
 */
record TlsRefusals(String endpoint) {
    private static final Logger LOG = LoggerFactory.getLogger(TlsRefusals.class);

    /** @param shown the certificate of the other side; null without one */
    void log(Channel channel, @Nullable X509Certificate shown, String reason) {
        log(LOG.atWarn(), channel, shown, reason);
    }

    /** A connection that only ends is not worth a line. */
    void logEnd(Channel channel, @Nullable X509Certificate shown, String reason) {
        log(LOG.atDebug(), channel, shown, reason);
    }

    private void log(LoggingEventBuilder begun, Channel channel, @Nullable X509Certificate shown, String reason) {
        LoggingEventBuilder line = begun.setMessage("rejected connection on " + endpoint + " endpoint")
                .addKeyValue(
                        "remote-addr", String.valueOf(channel.remoteAddress()).replaceFirst("^/", ""));
        if (shown != null) {
            line = line.addKeyValue("ip-addresses", CertificateAddress.addresses(shown))
                    .addKeyValue("dns-names", CertificateAddress.hosts(shown));
        }
        line.addKeyValue("error", reason).log();
    }
}
