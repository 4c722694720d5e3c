package dev.cairn.server.names;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.Security;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The resolver of the machine for hosts, and its name servers for records that it has no call for: places of services, and the names of
 * an address as they are told, without asking whether the name leads back. Immutable and thread-safe.
 */
public final class SystemNames implements Names {
    private final String servers;

    /** With the name servers that the machine is configured for. */
    public SystemNames() {
        this("dns:");
    }

    /** @param servers of records, as {@code dns://host:port}; hosts are asked of the machine's resolver all the same */
    SystemNames(String servers) {
        this.servers = servers;
    }

    /**
     * Has names that were not found looked up anew each time, as those who wait for a name expect; the JDK would remember them for a
     * while. Counts for the whole process when it is called before the first name is looked up.
     */
    public static void forgetMisses() {
        Security.setProperty("networkaddress.cache.negative.ttl", "0");
    }

    @Override
    public List<InetAddress> addresses(String host) throws UnknownNameException {
        try {
            return List.of(InetAddress.getAllByName(host));
        } catch (UnknownHostException e) {
            throw new UnknownNameException(host, NameRecords.NO_SUCH_HOST);
        }
    }

    @Override
    public List<String> hosts(InetAddress address) throws UnknownNameException {
        List<String> names = new ArrayList<>();
        String bare = address.getHostAddress();
        try {
            // Made anew, because an address remembers the name that it was looked up by.
            String name = InetAddress.getByAddress(address.getAddress()).getHostName();
            if (!name.equals(bare)) {
                names.add(name);
            }
        } catch (UnknownHostException e) {
            throw new IllegalStateException("every address has as many bytes as an address has", e);
        }
        try {
            for (String name : new NameRecords(servers).find(reversed(address), "PTR")) {
                names.add(name.endsWith(".") ? name.substring(0, name.length() - 1) : name);
            }
        } catch (UnknownNameException e) {
            if (names.isEmpty()) {
                throw new UnknownNameException(bare, NameRecords.NO_SUCH_HOST);
            }
        }
        return names.stream().distinct().toList();
    }

    /** The name under which the names of an address are kept. */
    static String reversed(InetAddress address) {
        byte[] bytes = address.getAddress();
        StringBuilder name = new StringBuilder();
        for (int i = bytes.length - 1; i >= 0; i--) {
            if (address instanceof Inet4Address) {
                name.append(bytes[i] & 0xff).append('.');
            } else {
                name.append(Character.forDigit(bytes[i] & 0xf, 16)).append('.');
                name.append(Character.forDigit(bytes[i] >> 4 & 0xf, 16)).append('.');
            }
        }
        return name.append(address instanceof Inet4Address ? "in-addr.arpa" : "ip6.arpa")
                .toString();
    }

    @Override
    public List<Service> services(String name) throws UnknownNameException {
        List<Service> services = new ArrayList<>();
        for (String text : new NameRecords(servers).find(name, "SRV")) {
            String[] parts = text.split(" ", -1);
            try {
                services.add(new Service(
                        Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]), parts[3]));
            } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
                throw new UnknownNameException(name, "cannot unmarshal DNS message");
            }
        }
        services.sort(Comparator.comparingInt(Service::priority)
                .thenComparing(Comparator.comparingInt(Service::weight).reversed()));
        return services;
    }
}
