package dev.cairn.server.discovery;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.AuthenticateRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.DiscoverySettings;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.tls.DiscoveryTls;
import dev.cairn.server.tls.TlsException;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * The other etcd that keeps the keys of discovery. What cannot reach one endpoint tries the next one until the time of a request is over.
 * Confined to the thread that starts the member; every call blocks. A watch holds two responses at most.
 */
final class DiscoveryService implements AutoCloseable {
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final int RESPONSE_BYTES_MAX = Integer.MAX_VALUE;

    private final DiscoverySettings settings;
    private final List<ManagedChannel> endpoints = new ArrayList<>();
    private int current;
    private String token = "";

    private DiscoveryService(DiscoverySettings settings) {
        this.settings = settings;
    }

    /**
     * Connects, and logs in where there are user and password.
     *
     * @throws DiscoveryFailure when settings do not fit together, or the login fails for another reason than that none is needed
     */
    static DiscoveryService open(DiscoverySettings settings, EventLoops loops)
            throws DiscoveryFailure, InterruptedException {
        DiscoveryService service = new DiscoveryService(settings);
        try {
            service.connect(loops);
            service.logIn();
            return service;
        } catch (DiscoveryFailure | InterruptedException | RuntimeException e) {
            service.close();
            throw e;
        }
    }

    private void connect(EventLoops loops) throws DiscoveryFailure {
        SslContext tls;
        try {
            tls = DiscoveryTls.of(settings);
        } catch (TlsException e) {
            throw new DiscoveryFailure(e.getMessage() == null ? e.toString() : e.getMessage(), e);
        }
        for (String endpoint : settings.endpoints()) {
            EtcdUrl url;
            try {
                url = EtcdUrl.parse(
                        endpoint.contains("://") || endpoint.startsWith("unix") ? endpoint : "http://" + endpoint);
            } catch (ConfigException e) {
                throw new DiscoveryFailure(e.getMessage() == null ? e.toString() : e.getMessage(), e);
            }
            NettyChannelBuilder builder = url.unixSocket()
                    ? NettyChannelBuilder.forAddress(new DomainSocketAddress(url.host()))
                            .channelType(loops.unixClient(), DomainSocketAddress.class)
                            .overrideAuthority("localhost")
                    : NettyChannelBuilder.forAddress(url.host(), url.port())
                            .channelType(loops.tcpClient(), InetSocketAddress.class);
            builder.eventLoopGroup(loops.group())
                    .directExecutor()
                    .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.min(
                            Integer.MAX_VALUE,
                            Math.max(0, settings.dialTimeout().toMillis())))
                    .maxInboundMessageSize(RESPONSE_BYTES_MAX);
            if (positive(settings.keepAliveTime())) {
                builder.keepAliveTime(settings.keepAliveTime().toNanos(), TimeUnit.NANOSECONDS);
                if (positive(settings.keepAliveTimeout())) {
                    builder.keepAliveTimeout(settings.keepAliveTimeout().toNanos(), TimeUnit.NANOSECONDS);
                }
            }
            if (tls == null) {
                builder.usePlaintext();
            } else {
                builder.sslContext(tls);
            }
            endpoints.add(builder.build());
        }
    }

    private static boolean positive(Duration duration) {
        return !duration.isZero() && !duration.isNegative();
    }

    private void logIn() throws DiscoveryFailure, InterruptedException {
        if (settings.user().isEmpty() || settings.password().isEmpty()) {
            return;
        }
        AuthenticateRequest request = AuthenticateRequest.newBuilder()
                .setName(settings.user())
                .setPassword(settings.password())
                .build();
        token = "";
        // The first call also connects, and a process that has just started is slow at that.
        Duration limit = settings.dialTimeout().plus(settings.requestTimeout());
        try {
            token = ask(AuthGrpc.getAuthenticateMethod(), request, limit).getToken();
        } catch (DiscoveryFailure e) {
            if (!String.valueOf(e.getMessage()).contains("authentication is not enabled")) {
                throw e;
            }
        }
    }

    RangeResponse get(RangeRequest request) throws DiscoveryFailure, InterruptedException {
        return askAsUser(KVGrpc.getRangeMethod(), request);
    }

    void put(PutRequest request) throws DiscoveryFailure, InterruptedException {
        askAsUser(KVGrpc.getPutMethod(), request);
    }

    /** A token may end while others are waited for. */
    private <Q, A> A askAsUser(MethodDescriptor<Q, A> method, Q request) throws DiscoveryFailure, InterruptedException {
        try {
            return ask(method, request, settings.requestTimeout());
        } catch (DiscoveryFailure e) {
            if (!String.valueOf(e.getMessage()).contains("invalid auth token")) {
                throw e;
            }
            logIn();
            return ask(method, request, settings.requestTimeout());
        }
    }

    private <Q, A> A ask(MethodDescriptor<Q, A> method, Q request, Duration limit)
            throws DiscoveryFailure, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            ManagedChannel endpoint = endpoints.get(current);
            // An endpoint that was down a moment ago may be back.
            endpoint.resetConnectBackoff();
            try {
                return ClientCalls.blockingUnaryCall(
                        withToken(endpoint),
                        method,
                        CallOptions.DEFAULT.withDeadlineAfter(
                                Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS),
                        request);
            } catch (StatusRuntimeException e) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                long left = deadline - System.nanoTime();
                if (e.getStatus().getCode() != Status.Code.UNAVAILABLE || left <= 0) {
                    throw new DiscoveryFailure(text(e.getStatus()), e);
                }
                current = (current + 1) % endpoints.size();
                TimeUnit.NANOSECONDS.sleep(Math.min(PAUSE.toNanos(), left));
            }
        }
    }

    /**
     * Watches a range from a revision on.
     *
     * @param more hears of each response that holds events; false ends the watch
     * @throws DiscoveryFailure when the stream ends by itself; the watch may be begun anew
     */
    void watch(ByteString from, ByteString to, long revision, Predicate<WatchResponse> more)
            throws DiscoveryFailure, InterruptedException {
        ManagedChannel endpoint = endpoints.get(current);
        endpoint.resetConnectBackoff();
        BlockingQueue<Object> came = new LinkedBlockingQueue<>();
        ClientCall<WatchRequest, WatchResponse> call =
                withToken(endpoint).newCall(WatchGrpc.getWatchMethod(), CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<WatchResponse>() {
                    @Override
                    public void onMessage(WatchResponse response) {
                        came.add(response);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        came.add(status);
                    }
                },
                new Metadata());
        try {
            call.request(1);
            call.sendMessage(WatchRequest.newBuilder()
                    .setCreateRequest(WatchCreateRequest.newBuilder()
                            .setKey(from)
                            .setRangeEnd(to)
                            .setStartRevision(revision))
                    .build());
            while (true) {
                Object next = came.take();
                if (next instanceof Status status) {
                    current = (current + 1) % endpoints.size();
                    throw new DiscoveryFailure(text(status));
                }
                WatchResponse response = (WatchResponse) next;
                if (response.getCanceled()) {
                    throw new DiscoveryFailure("watch canceled: " + response.getCancelReason());
                }
                if (response.getEventsCount() > 0 && !more.test(response)) {
                    return;
                }
                call.request(1);
            }
        } finally {
            call.cancel("no longer needed", null);
        }
    }

    private Channel withToken(ManagedChannel endpoint) {
        if (token.isEmpty()) {
            return endpoint;
        }
        Metadata headers = new Metadata();
        headers.put(TOKEN, token);
        return ClientInterceptors.intercept(endpoint, MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private static String text(Status status) {
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            return "context deadline exceeded";
        }
        String told = status.getDescription() == null ? status.getCode().name() : status.getDescription();
        Throwable cause = status.getCause();
        return cause == null || cause.getMessage() == null ? told : told + ": " + cause.getMessage();
    }

    @Override
    public void close() {
        endpoints.forEach(ManagedChannel::shutdownNow);
    }
}
