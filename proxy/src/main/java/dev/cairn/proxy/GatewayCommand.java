package dev.cairn.proxy;

import dev.cairn.proxy.flags.Flag;
import dev.cairn.proxy.flags.FlagValues;
import dev.cairn.proxy.flags.StartCommand;
import dev.cairn.proxy.tcp.Backend;
import dev.cairn.proxy.tcp.Backends;
import dev.cairn.proxy.tcp.TcpProxy;
import dev.cairn.server.Subcommand;
import dev.cairn.server.config.LogSettings;
import dev.cairn.server.logging.Logs;
import dev.cairn.server.names.Names;
import dev.cairn.server.names.SystemNames;
import dev.cairn.server.names.UnknownNameException;
import dev.cairn.server.net.EventLoops;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code etcd gateway}: passes connections on to members as they are. Runs on the main thread. */
public final class GatewayCommand implements Subcommand {
    static final StartCommand COMMAND = new StartCommand(
            "gateway",
            "the gateway",
            List.of(
                    Flag.text("listen-addr", "127.0.0.1:23790", "listen address"),
                    Flag.text("discovery-srv", "", "DNS domain used to bootstrap initial cluster"),
                    Flag.text("discovery-srv-name", "", "service name to query when using DNS discovery"),
                    Flag.bool("insecure-discovery", "accept insecure SRV records"),
                    Flag.text(
                            "trusted-ca-file",
                            "",
                            "path to the client server TLS CA file for verifying the discovered endpoints when discovery-srv is provided."),
                    Flag.texts("endpoints", "127.0.0.1:2379", "comma separated etcd cluster endpoints"),
                    Flag.duration("retry-delay", "1m0s", "duration of delay before retrying failed endpoints")));

    private final Names names = new SystemNames();

    /** Found as a service. */
    public GatewayCommand() {}

    @Override
    public String name() {
        return "gateway";
    }

    @Override
    public int run(List<String> arguments) throws InterruptedException {
        StartCommand.Asked asked = COMMAND.read(arguments);
        if (asked instanceof StartCommand.Asked.Exit exit) {
            return Ending.print(exit);
        }
        FlagValues values = ((StartCommand.Asked.Start) asked).values();
        try {
            Logs.open(LogSettings.DEFAULT);
        } catch (IOException e) {
            return Ending.failed(String.valueOf(e.getMessage()));
        }
        Logger log = LoggerFactory.getLogger(GatewayCommand.class);
        log.atInfo()
                .setMessage("Running: ")
                .addKeyValue(
                        "args",
                        Stream.concat(Stream.of("etcd"), arguments.stream()).toList())
                .log();
        return start(values);
    }

    private int start(FlagValues values) throws InterruptedException {
        List<Backend> backends;
        try {
            backends = discovered(values);
        } catch (UnknownNameException e) {
            return Ending.failed(String.valueOf(e.getMessage()));
        }
        if (backends.isEmpty()) {
            backends = new ArrayList<>();
            for (String endpoint : values.texts("endpoints")) {
                String place = HostPort.withoutScheme(endpoint);
                HostPort parsed = HostPort.parse(place);
                if (parsed == null) {
                    return Ending.said("error parsing endpoint \"" + place + '"');
                }
                backends.add(new Backend(parsed.host(), parsed.number(), 0, 0));
            }
        }
        String listen = values.text("listen-addr");
        HostPort own = HostPort.parse(listen);
        if (own == null) {
            return Ending.said("failed to validate listen address: " + listen + "\n");
        }
        Set<InetAddress> ownAddresses;
        try {
            ownAddresses = addresses(own.host());
        } catch (UnknownNameException e) {
            return Ending.said("failed to resolve listen host: " + own.host() + "\n");
        }
        for (Backend backend : backends) {
            Set<InetAddress> at;
            try {
                at = addresses(backend.host());
            } catch (UnknownNameException e) {
                return Ending.said("failed to resolve endpoint host: " + backend.host() + "\n");
            }
            if (Integer.toString(backend.port()).equals(own.port())) {
                for (InetAddress address : at) {
                    if (ownAddresses.contains(address)) {
                        return Ending.said("SRV or endpoint (" + backend.host() + ":" + backend.port() + "->"
                                + address.getHostAddress() + ":" + backend.port()
                                + ") should not resolve to the gateway listen addr (" + listen + ")\n");
                    }
                }
            }
        }
        if (backends.isEmpty()) {
            return Ending.said("no endpoints found\n");
        }
        return serve(new InetSocketAddress(ownAddresses.iterator().next(), own.number()), backends, values);
    }

    private int serve(InetSocketAddress address, List<Backend> backends, FlagValues values)
            throws InterruptedException {
        EventLoops loops = EventLoops.open();
        TcpProxy proxy = new TcpProxy(loops, names, new Backends(backends), values.duration("retry-delay"));
        try {
            proxy.bind(address);
        } catch (IOException e) {
            return Ending.failed(e.getMessage() + "\n");
        }
        Readiness.tell();
        proxy.awaitEnd();
        return 0;
    }

    private List<Backend> discovered(FlagValues values) throws UnknownNameException {
        Endpoints.Discovery discovery = new Endpoints.Discovery(
                values.text("discovery-srv"),
                values.text("discovery-srv-name"),
                values.text("trusted-ca-file"),
                values.bool("insecure-discovery"));
        return Endpoints.discover(names, discovery).stream()
                .map(found -> new Backend(
                        found.service().target(),
                        found.service().port(),
                        found.service().priority(),
                        found.service().weight()))
                .toList();
    }

    private Set<InetAddress> addresses(String host) throws UnknownNameException {
        if (host.isEmpty()) {
            throw new UnknownNameException(host, "no such host");
        }
        return new HashSet<>(names.addresses(host));
    }
}
