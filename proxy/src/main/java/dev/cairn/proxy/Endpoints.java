package dev.cairn.proxy;

import dev.cairn.server.names.Names;
import dev.cairn.server.names.UnknownNameException;
import dev.cairn.server.tls.TlsException;
import dev.cairn.server.tls.UpstreamTls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The members that a proxy stands before, by the SRV records of a domain: those under {@code _etcd-client-ssl._tcp} speak TLS, those
 * under {@code _etcd-client._tcp} do not. Stateless; blocks.
 */
final class Endpoints {
    private static final Logger LOG = LoggerFactory.getLogger(Endpoints.class);
    private static final Duration DIAL_LIMIT = Duration.ofSeconds(5);

    private Endpoints() {}

    /**
     * What to look for.
     *
     * @param domain empty for no discovery
     * @param serviceName tells several clusters in one domain apart; empty for nothing
     * @param authorities file with which certificates are checked; empty for those that the runtime trusts
     * @param insecure whether endpoints are taken without a look at their certificates
     */
    record Discovery(String domain, String serviceName, String authorities, boolean insecure) {}

    /** One member found. */
    record Found(String url, Names.Service service) {}

    /**
     * The members that are found and pass.
     *
     * @throws UnknownNameException when neither service is known
     */
    static List<Found> discover(Names names, Discovery discovery) throws UnknownNameException {
        if (discovery.domain().isEmpty()) {
            return List.of();
        }
        List<Found> found = new ArrayList<>();
        List<String> errors = new ArrayList<>();
        for (String scheme : List.of("https", "http")) {
            String service = (scheme.equals("https") ? "etcd-client-ssl" : "etcd-client")
                    + (discovery.serviceName().isEmpty() ? "" : "-" + discovery.serviceName());
            try {
                for (Names.Service offered : names.services("_" + service + "._tcp." + discovery.domain())) {
                    found.add(new Found(scheme + "://" + place(offered.target(), offered.port()), offered));
                }
            } catch (UnknownNameException e) {
                errors.add("error querying DNS SRV records for _" + service + " " + e.getMessage());
            }
        }
        if (errors.size() > 1) {
            throw new UnknownNameException(discovery.domain(), String.join(" and ", errors));
        }
        log(LOG.atInfo(), "discovered cluster from SRV", discovery, found).log();
        if (discovery.insecure()) {
            return found;
        }
        log(LOG.atInfo(), "validating discovered SRV endpoints", discovery, found)
                .log();
        return secure(discovery, found);
    }

    private static org.slf4j.spi.LoggingEventBuilder log(
            org.slf4j.spi.LoggingEventBuilder line, String message, Discovery discovery, List<Found> found) {
        return line.setMessage(message)
                .addKeyValue("srv-server", discovery.domain())
                .addKeyValue("endpoints", found.stream().map(Found::url).toList());
    }

    /** Those that show a certificate for the domain. */
    private static List<Found> secure(Discovery discovery, List<Found> found) {
        List<Found> passed = new ArrayList<>();
        List<String> errors = new ArrayList<>();
        try {
            UpstreamTls tls = UpstreamTls.of(
                    new UpstreamTls.File("cert", ""),
                    new UpstreamTls.File("key", ""),
                    new UpstreamTls.File("trusted-ca-file", discovery.authorities()),
                    true);
            for (Found candidate : found) {
                if (!candidate.url().startsWith("https://")) {
                    errors.add('"' + candidate.url() + "\" is insecure");
                    continue;
                }
                try {
                    shakeHands(tls, discovery.domain(), candidate.service());
                    passed.add(candidate);
                } catch (IOException e) {
                    errors.add('"' + candidate.url() + "\" failed to dial (" + e.getMessage() + ")");
                }
            }
        } catch (TlsException e) {
            errors.add(String.valueOf(e.getMessage()));
        }
        if (errors.isEmpty()) {
            log(LOG.atInfo(), "using validated discovered SRV endpoints", discovery, passed)
                    .log();
        } else {
            log(LOG.atWarn(), "failed to validate discovered endpoints", discovery, passed)
                    .addKeyValue("error", String.join(",", errors))
                    .log();
        }
        return passed;
    }

    private static void shakeHands(UpstreamTls tls, String domain, Names.Service service) throws IOException {
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(service.target(), service.port()), (int) DIAL_LIMIT.toMillis());
            plain.setSoTimeout((int) DIAL_LIMIT.toMillis());
            try (SSLSocket secured =
                    (SSLSocket) tls.context().getSocketFactory().createSocket(plain, domain, service.port(), true)) {
                SSLParameters parameters = secured.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                secured.setSSLParameters(parameters);
                secured.startHandshake();
            }
        }
    }

    /** Host and port in one text; a host with colons is put in brackets. */
    static String place(String host, int port) {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
