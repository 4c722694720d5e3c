package dev.cairn.proxy.rpc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The proxies that have written down where they are: read once, then watched; read anew, once a second, when the watch ends. Thread-safe. Bounded by
 * {@link #PROXIES_MAX}: what comes then is passed over.
 */
final class OtherProxies implements UpstreamWatch.Listener {
    static final int PROXIES_MAX = 10_000;

    private static final Logger LOG = LoggerFactory.getLogger(OtherProxies.class);
    private static final long AGAIN_MILLIS = 1_000;

    private final Kv kv;
    private final Channel channel;
    private final EventLoop loop;
    private final @Nullable Namespace namespace;
    private final String prefix;
    private final Map<ByteString, ProxyNames.Place> places =
            new ConcurrentSkipListMap<>(ByteString.unsignedLexicographicalComparator());

    /**
     * @param kv as clients see it
     * @param namespace before all keys of clients; null for none
     */
    OtherProxies(Kv kv, Channel channel, EventLoop loop, @Nullable Namespace namespace, String prefix) {
        this.kv = kv;
        this.channel = channel;
        this.loop = loop;
        this.namespace = namespace;
        this.prefix = prefix;
    }

    List<ProxyNames.Place> all() {
        return List.copyOf(places.values());
    }

    /** Reads and watches, from now on. */
    void open() {
        Caller.NOBODY.runApart(() -> kv.range(
                RangeRequest.newBuilder()
                        .setKey(ProxyNames.first(prefix))
                        .setRangeEnd(ProxyNames.end(prefix))
                        .setSerializable(true)
                        .build(),
                new StreamObserver<>() {
                    @Override
                    public void onNext(RangeResponse response) {
                        places.clear();
                        response.getKvsList().forEach(OtherProxies.this::add);
                        watch(response.getHeader().getRevision() + 1);
                    }

                    @Override
                    public void onError(Throwable error) {
                        LOG.atWarn()
                                .setMessage("failed to establish endpoint watch")
                                .addKeyValue("prefix", prefix)
                                .addKeyValue("error", error.getMessage())
                                .log();
                        openAgain();
                    }

                    @Override
                    public void onCompleted() {
                        // The answer has come before.
                    }
                }));
    }

    private void openAgain() {
        loop.schedule(this::open, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void watch(long revision) {
        ByteString first = ProxyNames.first(prefix);
        ByteString end = ProxyNames.end(prefix);
        new UpstreamWatch(
                        channel,
                        Caller.NOBODY,
                        WatchCreateRequest.newBuilder()
                                .setKey(namespace == null ? first : namespace.inside(first))
                                .setRangeEnd(namespace == null ? end : namespace.endInside(end))
                                .setStartRevision(revision)
                                .build(),
                        this)
                .start();
    }

    @Override
    public void onResponse(UpstreamWatch watch, WatchResponse response) {
        for (Event event : response.getEventsList()) {
            Event seen = namespace == null ? event : namespace.outside(event);
            if (seen.getType() == Event.EventType.PUT) {
                add(seen.getKv());
            } else {
                places.remove(seen.getKv().getKey());
            }
        }
        if (response.getCanceled()) {
            watch.cancel();
        }
    }

    private void add(KeyValue kv) {
        ProxyNames.Place place = ProxyNames.parse(kv.getValue());
        if (place == null) {
            LOG.atWarn()
                    .setMessage("unmarshal endpoint update failed")
                    .addKeyValue("key", kv.getKey().toStringUtf8())
                    .log();
        } else if (places.size() < PROXIES_MAX || places.containsKey(kv.getKey())) {
            places.put(kv.getKey(), place);
        }
    }

    @Override
    public void onEnd(UpstreamWatch watch, Status status) {
        openAgain();
    }
}
