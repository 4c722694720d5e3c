package dev.cairn.server.discovery;

import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.names.Names;
import dev.cairn.server.names.UnknownNameException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Founders by the SRV records of a domain: those under {@code _etcd-server-ssl._tcp} speak TLS, those under {@code _etcd-server._tcp} do
 * not. A record that leads to an address which this member advertises is this member; the others are numbered, because their names
 * are not known.
 */
public final class SrvDiscovery {
    private static final Logger LOG = LoggerFactory.getLogger(SrvDiscovery.class);

    /** Nobody was found. */
    public static final class NobodyFound extends Exception {
        private static final long serialVersionUID = 1L;

        NobodyFound(String message) {
            super(message);
        }
    }

    /** What one service gave: nodes, or why there are none. */
    private record Answer(List<String> nodes, @Nullable String error) {}

    private final Names names;
    private final String name;
    private final String domain;
    private final String suffix;
    private final List<EtcdUrl> advertised;

    /**
     * @param name of this member
     * @param serviceSuffix told apart by it, several clusters may stand in one domain; empty for none
     * @param advertised the peer URLs of this member
     */
    public SrvDiscovery(Names names, String name, String domain, String serviceSuffix, List<EtcdUrl> advertised) {
        this.names = names;
        this.name = name;
        this.domain = domain;
        this.suffix = serviceSuffix.isEmpty() ? "" : "-" + serviceSuffix;
        this.advertised = List.copyOf(advertised);
    }

    /**
     * The founders as {@code name=url} pairs; empty when records were found that nothing could be made of.
     *
     * @throws NobodyFound when no service has records that lead anywhere; the message is etcd's
     */
    public List<String> nodes() throws NobodyFound {
        List<String> found = new ArrayList<>();
        List<String> errors = new ArrayList<>();
        for (String scheme : List.of("https", "http")) {
            String service = (scheme.equals("https") ? "etcd-server-ssl" : "etcd-server") + suffix;
            Answer answer = ask(scheme, service);
            found.addAll(answer.nodes());
            var line = LOG.atInfo()
                    .setMessage(
                            "get cluster for " + (scheme.equals("https") ? "etcd-server-ssl" : "etcd-server") + " SRV")
                    .addKeyValue("service-scheme", scheme)
                    .addKeyValue("service-name", service)
                    .addKeyValue("server-name", name)
                    .addKeyValue("discovery-srv", domain)
                    .addKeyValue(
                            "advertise-peer-urls",
                            advertised.stream().map(EtcdUrl::text).toList())
                    .addKeyValue("found-cluster", List.copyOf(found));
            if (answer.error() != null) {
                errors.add(answer.error());
                line = line.addKeyValue("error", answer.error());
            }
            line.log();
        }
        if (!errors.isEmpty()) {
            String error = String.join("\n", errors);
            LOG.atWarn()
                    .setMessage("failed to resolve during SRV discovery")
                    .addKeyValue("error", error)
                    .log();
            if (found.isEmpty()) {
                throw new NobodyFound(error);
            }
        }
        for (String node : found) {
            LOG.atInfo()
                    .setMessage("got bootstrap from DNS for etcd-server")
                    .addKeyValue("node", node)
                    .log();
        }
        return found;
    }

    private Answer ask(String scheme, String service) {
        Map<String, EtcdUrl> own = new HashMap<>();
        List<Names.Service> services;
        try {
            for (EtcdUrl url : advertised) {
                own.put(place(url.host(), url.port()), url);
            }
        } catch (UnknownNameException e) {
            return new Answer(List.of(), String.valueOf(e.getMessage()));
        }
        try {
            services = names.services("_" + service + "._tcp." + domain);
        } catch (UnknownNameException e) {
            return failed(service, String.valueOf(e.getMessage()));
        }
        List<String> nodes = new ArrayList<>();
        String error = null;
        int unnamed = 0;
        for (Names.Service offered : services) {
            // A name of the domain name system ends with a dot, one in a URL does not.
            String host = offered.target().endsWith(".")
                    ? offered.target().substring(0, offered.target().length() - 1)
                    : offered.target();
            EtcdUrl self;
            try {
                self = own.get(place(host, offered.port()));
            } catch (UnknownNameException e) {
                error = String.valueOf(e.getMessage());
                continue;
            }
            String node = self != null && !name.isEmpty() ? name : String.valueOf(unnamed++);
            String url = scheme + "://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + offered.port();
            if (self != null && !self.scheme().equals(scheme)) {
                error = "bootstrap at " + url + " from DNS for " + service + " has scheme mismatch with expected peer "
                        + self.text();
            } else {
                nodes.add(node + "=" + url);
            }
        }
        return nodes.isEmpty() && error != null ? failed(service, error) : new Answer(nodes, null);
    }

    private static Answer failed(String service, String reason) {
        return new Answer(List.of(), "error querying DNS SRV records for _" + service + " " + reason);
    }

    private String place(String host, int port) throws UnknownNameException {
        return names.address(host).getHostAddress() + " " + port;
    }
}
