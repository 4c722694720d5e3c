package dev.cairn.proxy.rpc;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.EtcdUrl;
import io.grpc.Attributes;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Tells the RPC library where the members are, under a scheme of its own; the list may change. Each endpoint is known by its own name in TLS.
 * Thread-safe. Hosts are looked up on the library's threads for names, one lookup of all endpoints at a time.
 */
final class MemberPlaces extends NameResolverProvider {
    private static final AtomicInteger NEXT = new AtomicInteger();

    private final String scheme = "cairn-members-" + NEXT.getAndIncrement();
    private final boolean unix;
    private volatile List<String> endpoints;
    private volatile @Nullable Resolver resolver;

    /** @throws ConfigException when an endpoint is neither host and port nor a URL, or sockets and hosts are mixed */
    MemberPlaces(List<String> endpoints) throws ConfigException {
        this.endpoints = List.copyOf(endpoints);
        boolean anyUnix = false;
        boolean anyHost = false;
        for (String endpoint : endpoints) {
            boolean socket = url(endpoint).unixSocket();
            anyUnix |= socket;
            anyHost |= !socket;
        }
        if (anyUnix && anyHost) {
            throw new ConfigException("endpoints must be all unix sockets or all hosts: " + endpoints);
        }
        this.unix = anyUnix;
    }

    static EtcdUrl url(String endpoint) throws ConfigException {
        return EtcdUrl.parse(endpoint.contains("://") || endpoint.startsWith("unix") ? endpoint : "http://" + endpoint);
    }

    boolean unix() {
        return unix;
    }

    String target() {
        return scheme + ":///members";
    }

    List<String> endpoints() {
        return endpoints;
    }

    /** Members that have another kind of address than those before are left out. */
    void update(List<String> now) {
        List<String> usable = new ArrayList<>();
        for (String endpoint : now) {
            try {
                if (url(endpoint).unixSocket() == unix) {
                    usable.add(endpoint);
                }
            } catch (ConfigException e) {
                // Members advertise what their operators wrote; what cannot be dialled is passed over.
                continue;
            }
        }
        if (!usable.isEmpty() && !usable.equals(endpoints)) {
            endpoints = List.copyOf(usable);
            Resolver current = resolver;
            if (current != null) {
                current.resolve();
            }
        }
    }

    @Override
    protected boolean isAvailable() {
        return true;
    }

    @Override
    protected int priority() {
        return 5;
    }

    @Override
    public String getDefaultScheme() {
        return scheme;
    }

    @Override
    public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
        return Set.of(unix ? DomainSocketAddress.class : InetSocketAddress.class);
    }

    @Override
    public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args arguments) {
        if (!scheme.equals(target.getScheme())) {
            return null;
        }
        Resolver made = new Resolver(arguments);
        resolver = made;
        return made;
    }

    private final class Resolver extends NameResolver {
        private final NameResolver.Args arguments;
        private volatile @Nullable Listener2 listener;
        private boolean underWay;
        private boolean again;

        Resolver(NameResolver.Args arguments) {
            this.arguments = arguments;
        }

        @Override
        public String getServiceAuthority() {
            return "members";
        }

        @Override
        public void start(Listener2 told) {
            listener = told;
            resolve();
        }

        @Override
        public void refresh() {
            resolve();
        }

        void resolve() {
            Executor offload = arguments.getOffloadExecutor();
            synchronized (this) {
                if (underWay || offload == null) {
                    again = true;
                    return;
                }
                underWay = true;
            }
            offload.execute(this::lookUp);
        }

        private void lookUp() {
            Listener2 told = listener;
            List<EquivalentAddressGroup> groups = new ArrayList<>();
            String error = "no endpoints";
            for (String endpoint : endpoints) {
                try {
                    groups.add(group(url(endpoint)));
                } catch (UnknownHostException e) {
                    error = "lookup " + e.getMessage() + ": no such host";
                } catch (ConfigException e) {
                    error = String.valueOf(e.getMessage());
                }
            }
            StatusOr<List<EquivalentAddressGroup>> found = groups.isEmpty()
                    ? StatusOr.fromStatus(Status.UNAVAILABLE.withDescription(error))
                    : StatusOr.fromValue(groups);
            if (told != null) {
                arguments
                        .getSynchronizationContext()
                        .execute(() -> told.onResult2(ResolutionResult.newBuilder()
                                .setAddressesOrError(found)
                                .build()));
            }
            boolean once;
            synchronized (this) {
                underWay = false;
                once = again;
                again = false;
            }
            if (once) {
                resolve();
            }
        }

        private EquivalentAddressGroup group(EtcdUrl url) throws UnknownHostException {
            if (url.unixSocket()) {
                return new EquivalentAddressGroup(
                        new DomainSocketAddress(url.host()),
                        Attributes.newBuilder()
                                .set(EquivalentAddressGroup.ATTR_AUTHORITY_OVERRIDE, "localhost")
                                .build());
            }
            List<SocketAddress> addresses = new ArrayList<>();
            for (InetAddress address : InetAddress.getAllByName(url.host())) {
                addresses.add(new InetSocketAddress(address, url.port()));
            }
            String host = url.host().indexOf(':') < 0 ? url.host() : "[" + url.host() + "]";
            return new EquivalentAddressGroup(
                    addresses,
                    Attributes.newBuilder()
                            .set(EquivalentAddressGroup.ATTR_AUTHORITY_OVERRIDE, host + ":" + url.port())
                            .build());
        }

        @Override
        public void shutdown() {
            listener = null;
        }
    }
}
