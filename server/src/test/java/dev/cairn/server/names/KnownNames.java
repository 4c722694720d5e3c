package dev.cairn.server.names;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Names that a test knows; literal addresses are known to everybody. Confined to the test's thread. */
public final class KnownNames implements Names {
    public final Map<String, List<String>> hosts = new HashMap<>();
    public final Map<String, List<Service>> services = new HashMap<>();
    public final Map<String, List<String>> reverse = new HashMap<>();
    public final AtomicInteger questions = new AtomicInteger();
    /** So many questions for hosts find nothing first. */
    public int misses;

    public KnownNames host(String name, String... addresses) {
        hosts.put(name, List.of(addresses));
        return this;
    }

    public KnownNames service(String name, int port, String target) {
        services.computeIfAbsent(name, key -> new ArrayList<>()).add(new Service(0, 0, port, target));
        return this;
    }

    @Override
    public List<InetAddress> addresses(String host) throws UnknownNameException {
        questions.incrementAndGet();
        if (host.matches("[0-9.]+") || host.indexOf(':') >= 0) {
            return List.of(literal(host));
        }
        if (misses > 0 || !hosts.containsKey(host)) {
            misses--;
            throw new UnknownNameException(host, "no such host");
        }
        return hosts.getOrDefault(host, List.of()).stream()
                .map(KnownNames::literal)
                .toList();
    }

    @Override
    public List<String> hosts(InetAddress address) throws UnknownNameException {
        questions.incrementAndGet();
        List<String> names = reverse.get(address.getHostAddress());
        if (names == null) {
            throw new UnknownNameException(address.getHostAddress(), "no such host");
        }
        return names;
    }

    @Override
    public List<Service> services(String name) throws UnknownNameException {
        questions.incrementAndGet();
        List<Service> known = services.get(name);
        if (known == null) {
            throw new UnknownNameException(name, "no such host");
        }
        return known;
    }

    private static InetAddress literal(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }
}
