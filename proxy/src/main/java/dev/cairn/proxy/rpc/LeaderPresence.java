package dev.cairn.proxy.rpc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Whether the members have a leader, as far as can be seen: a stream that is only served where there is one is held open all the time.
 * Thread-safe. Until the first one has been refused a leader is taken for granted. Those who wait for its loss are bounded by the streams of
 * clients.
 */
final class LeaderPresence implements UpstreamWatch.Listener {
    private static final ByteString KEY = ByteString.copyFromUtf8("__lostleader");

    /** Nothing ever happens there. */
    private static final long REVISION = Long.MAX_VALUE - 2;

    private static final long AGAIN_MILLIS = 100;

    private final Channel channel;
    private final EventLoop loop;
    private final Set<Runnable> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean lost;
    private volatile @Nullable UpstreamWatch watch;
    private volatile boolean closed;

    LeaderPresence(Channel channel, EventLoop loop) {
        this.channel = channel;
        this.loop = loop;
    }

    void open() {
        UpstreamWatch opened = new UpstreamWatch(
                channel,
                new Caller("", true, null),
                WatchCreateRequest.newBuilder()
                        .setKey(KEY)
                        .setStartRevision(REVISION)
                        .build(),
                this);
        watch = opened;
        opened.start();
    }

    boolean isLost() {
        return lost;
    }

    /** Runs the task when the leader is lost; on any thread, maybe at once. */
    void whenLost(Runnable task) {
        waiting.add(task);
        if (lost && waiting.remove(task)) {
            task.run();
        }
    }

    void forget(Runnable task) {
        waiting.remove(task);
    }

    /** Whatever becomes of the watch, the stream is served. */
    @Override
    public void onResponse(UpstreamWatch from, WatchResponse response) {
        lost = false;
    }

    @Override
    public void onEnd(UpstreamWatch from, Status status) {
        if (closed) {
            return;
        }
        lost = true;
        List<Runnable> told = new ArrayList<>(waiting);
        for (Runnable task : told) {
            if (waiting.remove(task)) {
                task.run();
            }
        }
        loop.schedule(this::open, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    }

    void close() {
        closed = true;
        UpstreamWatch current = watch;
        if (current != null) {
            current.cancel();
        }
    }
}
