package dev.cairn.proxy.rpc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.Member;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.MemberListResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.v3electionpb.ElectionGrpc;
import dev.cairn.proto.v3lockpb.LockGrpc;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.http.Router;
import dev.cairn.server.metrics.GrpcMetrics;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.net.ClientPort;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.peer.PeerClient;
import io.grpc.Channel;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A proxy for calls, put together: what its port serves, and what it does by itself. Thread-safe once it is open. */
public final class GrpcProxy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcProxy.class);
    private static final Duration READ_AGAIN = Duration.ofSeconds(1);
    private static final Duration READ_LIMIT = Duration.ofSeconds(10);

    private final Settings settings;
    private final EventLoop loop;
    private final Upstream members;
    private final @Nullable Upstream own;
    private final LeaderPresence leader;
    private final List<ServerServiceDefinition> services;
    private final Metrics metrics = new Metrics();
    private final GrpcMetrics calls;
    private final ProxyPages pages;

    /**
     * What the proxy is to be.
     *
     * @param members how they are reached
     * @param own how the proxy itself is reached, by the address that it advertises; null for no address
     * @param advertised address; empty for none
     * @param prefix under which proxies write down where they are; empty for nowhere
     * @param ttlSeconds how long others remember it when it is gone
     * @param namespace before all keys of clients; empty for none
     * @param ordered whether reads must not go back
     * @param logged whether calls are logged
     * @param autoSync how often the members are asked where they are; zero for never
     * @param pageTls of questions to members over HTTP; null for none
     */
    public record Settings(
            Upstream.Settings members,
            Upstream.@Nullable Settings own,
            String advertised,
            String prefix,
            long ttlSeconds,
            String namespace,
            boolean ordered,
            boolean logged,
            Duration autoSync,
            @Nullable Supplier<SSLContext> pageTls) {}

    /** @throws ConfigException when an endpoint is none */
    public GrpcProxy(Settings settings, EventLoops loops) throws ConfigException {
        this.settings = settings;
        this.loop = loops.group().next();
        this.members = new Upstream(settings.members(), loops);
        this.own = settings.own() == null ? null : new Upstream(settings.own(), loops);
        Channel channel = members.channel();
        this.leader = new LeaderPresence(channel, loop);
        Namespace namespace =
                settings.namespace().isEmpty() ? null : new Namespace(ByteString.copyFromUtf8(settings.namespace()));
        Kv kv = new MemberKv(channel);
        if (settings.ordered()) {
            kv = new OrderedKv(channel, () -> members.endpoints().size());
            awaitMembers(kv);
        }
        if (namespace != null) {
            kv = new NamespacedKv(kv, namespace);
        }
        Renewals renewals = new Renewals(channel);
        OtherProxies proxies = null;
        if (!settings.prefix().isEmpty()) {
            ProxyNames.Place place = new ProxyNames.Place(settings.advertised(), ProxyNames.host());
            new Registration(kv, channel, renewals, loop, settings.prefix(), place, settings.ttlSeconds()).open();
            proxies = new OtherProxies(kv, channel, loop, namespace, settings.prefix());
            proxies.open();
        }
        MemberList list = new MemberList(channel, settings.advertised(), proxies);
        services = new ArrayList<>();
        services.add(new KvProxy(kv, metrics.proxy).bindService());
        services.add(new WatchProxy(new WatchHub(channel, loop, namespace, metrics.proxy), kv, leader).bindService());
        services.add(new LeaseProxy(channel, renewals, leader, namespace).bindService());
        services.add(Passage.of(
                ClusterGrpc.getServiceDescriptor(),
                channel,
                Map.of(ClusterGrpc.getMemberListMethod().getFullMethodName(), list.method())));
        services.add(Passage.of(MaintenanceGrpc.getServiceDescriptor(), channel, Map.of()));
        services.add(Passage.of(AuthGrpc.getServiceDescriptor(), channel, Map.of()));
        services.add(Passage.of(ElectionGrpc.getServiceDescriptor(), channel, Map.of()));
        services.add(Passage.of(LockGrpc.getServiceDescriptor(), channel, Map.of()));
        calls = metrics.grpc(services, false);
        List<String> endpoints = members.endpoints();
        pages = new ProxyPages(
                kv,
                own == null ? null : own.channel(),
                new PeerClient(loops.group(), settings.pageTls()),
                metrics::render,
                endpoints.get((int) Math.floorMod(System.nanoTime(), (long) endpoints.size())));
        leader.open();
        if (!settings.autoSync().isZero() && !settings.autoSync().isNegative()) {
            long nanos = settings.autoSync().toNanos();
            loop.scheduleWithFixedDelay(this::syncEndpoints, nanos, nanos, TimeUnit.NANOSECONDS);
        }
    }

    /** Reads must not go back behind what the cluster has at the start. */
    private static void awaitMembers(Kv kv) {
        LOG.info("waiting for linearized read from cluster to recover ordering");
        while (true) {
            CompletableFuture<RangeResponse> read = new CompletableFuture<>();
            RangeRequest request = RangeRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("_"))
                    .setKeysOnly(true)
                    .build();
            Caller.NOBODY.runApart(() -> kv.range(request, new StreamObserver<>() {
                @Override
                public void onNext(RangeResponse response) {
                    read.complete(response);
                }

                @Override
                public void onError(Throwable error) {
                    read.completeExceptionally(error);
                }

                @Override
                public void onCompleted() {
                    // The answer has come before.
                }
            }));
            try {
                read.get(READ_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
                return;
            } catch (ExecutionException | TimeoutException e) {
                LOG.atWarn()
                        .setMessage("ordering recovery failed, retrying in 1s")
                        .addKeyValue("error", e.getMessage())
                        .log();
                if (!pause()) {
                    return;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static boolean pause() {
        try {
            TimeUnit.NANOSECONDS.sleep(READ_AGAIN.toNanos());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void syncEndpoints() {
        Caller.NOBODY.runApart(() -> ClusterGrpc.newStub(members.channel())
                .withDeadlineAfter(READ_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                .memberList(MemberListRequest.getDefaultInstance(), new StreamObserver<>() {
                    @Override
                    public void onNext(MemberListResponse response) {
                        members.update(response.getMembersList().stream()
                                .filter(member -> !member.getName().isEmpty() && !member.getIsLearner())
                                .map(Member::getClientURLsList)
                                .flatMap(List::stream));
                    }

                    @Override
                    public void onError(Throwable error) {
                        LOG.atInfo()
                                .setMessage("Auto sync endpoints failed.")
                                .addKeyValue("error", error.getMessage())
                                .log();
                    }

                    @Override
                    public void onCompleted() {
                        // The answer has come before.
                    }
                }));
    }

    /**
     * What the port serves.
     *
     * @param more adds pages to those of the port for clients
     */
    public ClientPort.Content content(java.util.function.Consumer<Router> more) {
        Router clientPages = Router.plain();
        pages.addTo(clientPages);
        more.accept(clientPages);
        Router metricsPages = Router.plain();
        pages.addTo(metricsPages);
        List<ServerInterceptor> interceptors = new ArrayList<>();
        if (settings.logged()) {
            interceptors.add(new CallLog());
        }
        interceptors.add(new Caller.Noting());
        return new ClientPort.Content(services, interceptors, calls, clientPages, metricsPages);
    }

    @Override
    public void close() {
        leader.close();
        members.close();
        if (own != null) {
            own.close();
        }
    }
}
