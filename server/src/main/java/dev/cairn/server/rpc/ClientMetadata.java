package dev.cairn.server.rpc;

import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.metrics.Counter;
import dev.cairn.server.metrics.Family;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What clients say about themselves beside their requests: the version of the API they were made for, which is only counted, and
 * that they want to be served by a member with a leader or not at all. Thread-safe.
 */
public final class ClientMetadata implements ServerInterceptor {
    private static final Metadata.Key<String> VERSION =
            Metadata.Key.of("client-api-version", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> REQUIRE_LEADER =
            Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);
    private static final String UNKNOWN = "unknown";

    /** Clients choose the text, so it must not be able to fill the memory with series. */
    private static final int VERSIONS_MAX = 64;

    private static final int VERSION_CHARS_MAX = 32;

    /** What stands for bytes outside of ASCII. */
    private static final char REPLACED = '\uFFFD';

    private final MemberStatus status;
    private final LeaderWatch leaderWatch;
    private final Family<Counter> requests;
    private final Map<String, Counter> unaryByVersion = new ConcurrentHashMap<>();
    private final Map<String, Counter> streamsByVersion = new ConcurrentHashMap<>();

    /**
     * @param leaderWatch ends the streams that want a leader
     * @param requests counts by version and type
     */
    public ClientMetadata(MemberStatus status, LeaderWatch leaderWatch, Family<Counter> requests) {
        this.status = status;
        this.leaderWatch = leaderWatch;
        this.requests = requests;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata metadata, ServerCallHandler<Q, R> next) {
        boolean unary = call.getMethodDescriptor().getType().clientSendsOneMessage()
                && call.getMethodDescriptor().getType().serverSendsOneMessage();
        String version = metadata.get(VERSION);
        if (version != null && version.indexOf(REPLACED) >= 0) {
            return refuse(call, EtcdError.INVALID_CLIENT_API_VERSION);
        }
        (unary ? counter(unaryByVersion, version, "unary") : counter(streamsByVersion, version, "stream")).increment();
        if (!"true".equals(metadata.get(REQUIRE_LEADER))) {
            return next.startCall(call, metadata);
        }
        if (!status.hasLeader()) {
            return refuse(call, EtcdError.NO_LEADER);
        }
        return unary ? next.startCall(call, metadata) : leaderWatch.start(call, metadata, next);
    }

    /** A series appears with its first call, as in etcd. */
    private Counter counter(Map<String, Counter> byVersion, @Nullable String version, String type) {
        String text = version == null ? UNKNOWN : version;
        Counter known = byVersion.get(text);
        if (known != null) {
            return known;
        }
        boolean unheardOf = byVersion.size() >= VERSIONS_MAX || text.length() > VERSION_CHARS_MAX;
        return byVersion.computeIfAbsent(unheardOf ? UNKNOWN : text, label -> requests.with(label, type));
    }

    private static <Q, R> ServerCall.Listener<Q> refuse(ServerCall<Q, R> call, EtcdError error) {
        call.close(error.status(), new Metadata());
        return new ServerCall.Listener<>() {};
    }
}
