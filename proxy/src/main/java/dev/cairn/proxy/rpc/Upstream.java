package dev.cairn.proxy.rpc;

import dev.cairn.server.api.EtcdVersion;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.tls.UpstreamTls;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.NameResolverRegistry;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The way to the members: calls go to them in turn, and past those that cannot be reached. Calls that only read are made again, up to four
 * times, when a member was not available. Thread-safe.
 *
 * <p>A member that is away is dialled every second. Calls under way are bounded by those of the clients.
 */
public final class Upstream implements AutoCloseable {
    private static final Duration DIAL_AGAIN = Duration.ofSeconds(1);
    private static final double ATTEMPTS_MAX = 5;

    /** What only reads, or does no harm when it is done twice. */
    private static final List<String> REPEATABLE = List.of(
            "etcdserverpb.KV/Range",
            "etcdserverpb.Lease/LeaseTimeToLive",
            "etcdserverpb.Lease/LeaseLeases",
            "etcdserverpb.Lease/LeaseKeepAlive",
            "etcdserverpb.Cluster/MemberList",
            "etcdserverpb.Maintenance/Status",
            "etcdserverpb.Maintenance/Hash",
            "etcdserverpb.Maintenance/HashKV",
            "etcdserverpb.Auth/AuthStatus",
            "etcdserverpb.Auth/UserGet",
            "etcdserverpb.Auth/UserList",
            "etcdserverpb.Auth/RoleGet",
            "etcdserverpb.Auth/RoleList");

    private final MemberPlaces places;
    private final ManagedChannel connections;
    private final Channel channel;
    private final ScheduledFuture<?> dialling;

    /**
     * How members are reached.
     *
     * @param endpoints with or without scheme; that of the first decides about TLS where it has one
     * @param tls what connections with TLS use
     * @param tlsAsked whether endpoints without a scheme speak TLS
     * @param maxSendBytes of one message; 0 or less for any size
     * @param maxReceiveBytes of one message; 0 or less for any size
     * @param keepAliveTime between pings; zero for none
     */
    public record Settings(
            List<String> endpoints,
            UpstreamTls tls,
            boolean tlsAsked,
            long maxSendBytes,
            long maxReceiveBytes,
            Duration keepAliveTime,
            Duration keepAliveTimeout,
            boolean permitWithoutStream) {
        public Settings {
            endpoints = List.copyOf(endpoints);
        }

        boolean secured() {
            String first = endpoints.isEmpty() ? "" : endpoints.get(0);
            if (first.startsWith("https://") || first.startsWith("unixs:")) {
                return true;
            }
            return tlsAsked && !first.startsWith("http://") && !first.startsWith("unix:");
        }
    }

    /** @throws ConfigException when an endpoint is none */
    Upstream(Settings settings, EventLoops loops) throws ConfigException {
        if (settings.endpoints().isEmpty()) {
            throw new ConfigException("etcdclient: no available endpoints");
        }
        places = new MemberPlaces(settings.endpoints());
        NameResolverRegistry.getDefaultRegistry().register(places);
        NettyChannelBuilder builder = NettyChannelBuilder.forTarget(places.target())
                .defaultLoadBalancingPolicy("round_robin")
                .defaultServiceConfig(repeating())
                .disableServiceConfigLookUp()
                .eventLoopGroup(loops.group())
                .directExecutor()
                .maxInboundMessageSize(bytes(settings.maxReceiveBytes()));
        if (places.unix()) {
            builder.channelType(loops.unixClient(), DomainSocketAddress.class);
        } else {
            builder.channelType(loops.tcpClient(), InetSocketAddress.class);
        }
        if (!settings.keepAliveTime().isZero() && !settings.keepAliveTime().isNegative()) {
            builder.keepAliveTime(settings.keepAliveTime().toNanos(), TimeUnit.NANOSECONDS)
                    .keepAliveTimeout(Math.max(1, settings.keepAliveTimeout().toNanos()), TimeUnit.NANOSECONDS)
                    .keepAliveWithoutCalls(settings.permitWithoutStream());
        }
        if (settings.secured()) {
            builder.sslContext(settings.tls().forRpc());
        } else {
            builder.usePlaintext();
        }
        connections = builder.build();
        channel = ClientInterceptors.intercept(
                connections, new Caller.Showing(EtcdVersion.SERVER), new SendLimit(bytes(settings.maxSendBytes())));
        dialling = loops.group()
                .next()
                .scheduleWithFixedDelay(
                        connections::resetConnectBackoff,
                        DIAL_AGAIN.toNanos(),
                        DIAL_AGAIN.toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    private static int bytes(long limit) {
        return limit <= 0 ? Integer.MAX_VALUE : (int) Math.min(Integer.MAX_VALUE, limit);
    }

    private static Map<String, ?> repeating() {
        List<Map<String, String>> names = REPEATABLE.stream()
                .map(method -> method.split("/"))
                .map(parts -> Map.of("service", parts[0], "method", parts[1]))
                .toList();
        Map<String, Object> policy = Map.of(
                "maxAttempts",
                ATTEMPTS_MAX,
                "initialBackoff",
                "0.025s",
                "maxBackoff",
                "0.5s",
                "backoffMultiplier",
                2.0,
                "retryableStatusCodes",
                List.of("UNAVAILABLE"));
        return Map.of("methodConfig", List.of(Map.of("name", names, "retryPolicy", policy)));
    }

    /** Calls show what their caller has shown. */
    Channel channel() {
        return channel;
    }

    /** As they were given, or as the members have told since. */
    List<String> endpoints() {
        return places.endpoints();
    }

    /** From now on these are the members; what cannot be dialled is passed over. */
    void update(Stream<String> endpoints) {
        places.update(endpoints.toList());
    }

    @Override
    public void close() {
        dialling.cancel(false);
        connections.shutdownNow();
        NameResolverRegistry.getDefaultRegistry().deregister(places);
    }

    /** Bounds what is sent. */
    private record SendLimit(int bytesMax) implements ClientInterceptor {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(
                MethodDescriptor<Q, A> method, @Nullable CallOptions options, Channel next) {
            CallOptions given = options == null ? CallOptions.DEFAULT : options;
            return next.newCall(method, given.withMaxOutboundMessageSize(bytesMax));
        }
    }
}
