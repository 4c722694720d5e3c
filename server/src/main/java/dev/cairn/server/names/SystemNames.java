package dev.cairn.server.names;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.Security;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Hashtable;
import java.util.List;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingEnumeration;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.DirContext;
import javax.naming.directory.InitialDirContext;

/**
 * The resolver of the machine for hosts, and its name servers for records that it has no call for: places of services, and the names of
 * an address as they are told, without asking whether the name leads back. Immutable and thread-safe.
 */
public final class SystemNames implements Names {
    private static final String NO_SUCH_HOST = "no such host";
    private static final int FIRST_WAIT_MILLIS = 2_000;
    private static final int ATTEMPTS = 2;

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
            throw new UnknownNameException(host, NO_SUCH_HOST);
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
            for (String name : records(reversed(address), "PTR")) {
                names.add(name.endsWith(".") ? name.substring(0, name.length() - 1) : name);
            }
        } catch (UnknownNameException e) {
            if (names.isEmpty()) {
                throw new UnknownNameException(bare, NO_SUCH_HOST);
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
        for (String text : records(name, "SRV")) {
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

    /** The records of one type, as the text that stands for their content; never empty. */
    @SuppressWarnings("BanJNDI") // Attributes of the provider for name servers are plain text; nothing is deserialized.
    private List<String> records(String name, String type) throws UnknownNameException {
        Hashtable<String, String> environment = new Hashtable<>();
        environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
        environment.put(Context.PROVIDER_URL, servers);
        environment.put("com.sun.jndi.dns.timeout.initial", String.valueOf(FIRST_WAIT_MILLIS));
        environment.put("com.sun.jndi.dns.timeout.retries", String.valueOf(ATTEMPTS));
        List<String> found = new ArrayList<>();
        try {
            DirContext context = new InitialDirContext(environment);
            try {
                Attribute records =
                        context.getAttributes(name, new String[] {type}).get(type);
                if (records != null) {
                    NamingEnumeration<?> all = records.getAll();
                    while (all.hasMore()) {
                        found.add(String.valueOf(all.next()));
                    }
                }
            } finally {
                context.close();
            }
        } catch (NameNotFoundException e) {
            throw new UnknownNameException(name, NO_SUCH_HOST);
        } catch (NamingException e) {
            // Nobody answers, or refuses to.
            throw new UnknownNameException(name, e.getMessage() == null ? "server misbehaving" : e.getMessage());
        }
        if (found.isEmpty()) {
            throw new UnknownNameException(name, NO_SUCH_HOST);
        }
        return found;
    }
}
