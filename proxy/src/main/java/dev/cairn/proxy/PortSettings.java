package dev.cairn.proxy;

import dev.cairn.proxy.flags.FlagValues;
import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.Notice;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.names.Names;
import dev.cairn.server.names.UnknownNameException;
import dev.cairn.server.tls.SelfSignedCertificate;
import dev.cairn.server.tls.TlsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The proxy's port is a member's port for clients, so its flags are said in those of a member, and checked as those are. Immutable; looks up
 * the host of the address.
 */
record PortSettings(FlagValues values, Names names) {
    /** A message may be 4 MiB, as the RPC library of etcd has it; the port adds half a MiB to a request for its envelope. */
    private static final long REQUEST_BYTES_MAX = (4L << 20) - (512 << 10);

    static boolean hasCertificate(FlagValues values) {
        return !values.text("cert-file").isEmpty() || !values.text("key-file").isEmpty();
    }

    /**
     * Makes the certificate of {@code --auto-tls} where it is missing.
     *
     * @throws ConfigException when the address is none; the message is etcd's
     */
    ServerConfig config() throws ConfigException, TlsException {
        // As in etcd, one of the files is enough to ask for TLS; that the others are missing is then found out.
        boolean given =
                hasCertificate(values) || !values.text("trusted-ca-file").isEmpty();
        boolean tls = given || values.bool("auto-tls");
        String address = address();
        String url = (tls ? "https://" : "http://") + address;
        List<String> flags = new ArrayList<>(List.of(
                "--data-dir=" + values.text("data-dir"),
                "--listen-client-urls=" + url,
                "--advertise-client-urls=" + url,
                "--listen-peer-urls=http://127.0.0.1:0",
                "--initial-advertise-peer-urls=http://127.0.0.1:0",
                "--initial-cluster=default=http://127.0.0.1:0",
                "--max-request-bytes=" + REQUEST_BYTES_MAX,
                "--max-concurrent-streams=" + values.number("max-concurrent-streams"),
                "--grpc-keepalive-min-time=" + ServerConfig.format(values.duration("grpc-keepalive-min-time")),
                "--grpc-keepalive-interval=" + ServerConfig.format(values.duration("grpc-keepalive-interval")),
                "--grpc-keepalive-timeout=" + ServerConfig.format(values.duration("grpc-keepalive-timeout"))));
        if (!values.text("metrics-addr").isEmpty()) {
            flags.add("--listen-metrics-urls=" + values.text("metrics-addr"));
        }
        if (tls) {
            if (given) {
                for (String name : List.of("cert-file", "key-file", "trusted-ca-file", "client-crl-file")) {
                    flags.add("--" + name + "=" + values.text(name));
                }
            } else {
                SelfSignedCertificate own = ownCertificate(address);
                flags.add("--cert-file=" + own.certificateFile());
                flags.add("--key-file=" + own.keyFile());
            }
            flags.add("--cipher-suites=" + String.join(",", values.texts("listen-cipher-suites")));
            flags.add("--tls-min-version=" + values.text("tls-min-version"));
            flags.add("--tls-max-version=" + values.text("tls-max-version"));
        }
        // No variables: the proxies know none.
        Outcome outcome = CommandLine.read(flags, Map.of());
        if (outcome instanceof Outcome.Start start) {
            return start.config();
        }
        throw new ConfigException(reason((Outcome.Exit) outcome));
    }

    private SelfSignedCertificate ownCertificate(String address) throws TlsException {
        SelfSignedCertificate own = new SelfSignedCertificate(Path.of(values.text("data-dir"), "fixtures", "proxy"));
        HostPort place = HostPort.parse(address);
        own.makeIfMissing(
                place == null ? List.of() : List.of(place.host()), values.number("self-signed-cert-validity"));
        return own;
    }

    private static String reason(Outcome.Exit exit) {
        for (Notice notice : exit.notices()) {
            for (Notice.Field field : notice.fields()) {
                if (field.key().equals("error")) {
                    return String.valueOf(field.value());
                }
            }
        }
        return exit.stderr().strip();
    }

    /** The address to listen on, its host as a number. */
    private String address() throws ConfigException {
        String given = values.text("listen-addr");
        HostPort parts = HostPort.parse(given);
        if (parts == null) {
            throw new ConfigException("listen tcp: address " + given + ": missing port in address");
        }
        if (!parts.port().matches("[0-9]{1,5}")) {
            throw new ConfigException("listen tcp: lookup tcp/" + parts.port() + ": unknown port");
        }
        if (parts.host().isEmpty()) {
            return "0.0.0.0:" + parts.port();
        }
        try {
            return Endpoints.place(names.address(parts.host()).getHostAddress(), parts.number());
        } catch (UnknownNameException e) {
            throw new ConfigException("listen tcp: " + e.getMessage());
        }
    }
}
