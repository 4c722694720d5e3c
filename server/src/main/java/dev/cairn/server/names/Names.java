package dev.cairn.server.names;

import java.net.InetAddress;
import java.util.List;

/** Looks names up, each time anew. Thread-safe; every method may block for as long as the resolver is patient. */
public interface Names {
    /**
     * Where a service is offered.
     *
     * @param target the host, maybe with the dot at its end that names of the domain name system have
     */
    record Service(int priority, int weight, int port, String target) {}

    /** All addresses of a host, or the address that the text stands for; never empty. */
    List<InetAddress> addresses(String host) throws UnknownNameException;

    /** The names of an address, without the dot at their end; never empty. */
    List<String> hosts(InetAddress address) throws UnknownNameException;

    /**
     * The places of a service, those to be preferred first; never empty.
     *
     * @param name in full, such as {@code _etcd-server._tcp.example.com}
     */
    List<Service> services(String name) throws UnknownNameException;

    /** One address of a host: of version 4 where it has one. */
    default InetAddress address(String host) throws UnknownNameException {
        List<InetAddress> all = addresses(host);
        return all.stream()
                .filter(address -> address instanceof java.net.Inet4Address)
                .findFirst()
                .orElse(all.get(0));
    }
}
