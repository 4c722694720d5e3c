package dev.cairn.proxy.rpc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.server.metrics.ProxyMetrics;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Many watchers of the same range, one watch of the members. Thread-safe.
 *
 * <h2>Broadcasts</h2>
 *
 * A broadcast is one watch of the members and the watchers that hear it; it knows the first revision of which it has not told yet. A watcher joins a
 * broadcast that still has all the events before it; where there is none it gets one of its own, from the revision that it needs. One that has
 * come as far as another one of its range gives its watchers to that one and ends; one that many listen to stays. Each watcher
 * drops the events that it has had.
 *
 * <p>A watcher that begins now begins at the revision of the answer by which its permission was seen, or where the broadcast is if that is further:
 * both are between its request and its answer.
 *
 * <h2>Failures</h2>
 *
 * A watch that breaks is opened anew where it was, so that watchers notice nothing unless the revision has been compacted. When the caller for whom
 * it was open is no longer let in, its own watchers end, and it is opened for that of the others.
 *
 * <h2>Bounds</h2>
 *
 * A client that does not keep up leaves the broadcast, which never waits, and joins again at its own revision when it has room
 * ({@link ClientWatches}). A broadcast holds one response. Broadcasts are bounded by the watchers of clients.
 */
final class WatchHub {
    /** A broadcast that so many listen to does not give them away. */
    private static final int MOVED_MAX = 5;

    private static final long AGAIN_MILLIS = 100;

    private final Channel channel;
    private final EventLoop loop;
    private final @Nullable Namespace namespace;
    private final ProxyMetrics metrics;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Range, List<Broadcast>> broadcasts = new HashMap<>();
    private final Map<Watcher, Broadcast> places = new HashMap<>();

    private record Range(ByteString key, ByteString end) {
        static Range of(WatchCreateRequest request) {
            return new Range(request.getKey(), request.getRangeEnd());
        }
    }

    /** @param namespace before all keys of clients; null for none */
    WatchHub(Channel channel, EventLoop loop, @Nullable Namespace namespace, ProxyMetrics metrics) {
        this.channel = channel;
        this.loop = loop;
        this.namespace = namespace;
        this.metrics = metrics;
        metrics.watchersCoalescingTotal.follow(this::coalesced);
    }

    private double coalesced() {
        lock.lock();
        try {
            return places.size()
                    - broadcasts.values().stream().mapToInt(List::size).sum();
        } finally {
            lock.unlock();
        }
    }

    /** Watches of the members that are open. */
    int broadcasts() {
        lock.lock();
        try {
            return broadcasts.values().stream().mapToInt(List::size).sum();
        } finally {
            lock.unlock();
        }
    }

    /** Has the watcher hear of its range, from its next revision on; also one that had to leave. */
    void join(Watcher watcher) {
        lock.lock();
        try {
            if (!watcher.isEnded() && !places.containsKey(watcher)) {
                place(watcher);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The client does not want it any more; the header of its last response. */
    ResponseHeader leave(Watcher watcher) {
        lock.lock();
        try {
            watcher.end();
            remove(watcher);
            return watcher.header();
        } finally {
            lock.unlock();
        }
    }

    private void remove(Watcher watcher) {
        Broadcast broadcast = places.remove(watcher);
        if (broadcast != null) {
            broadcast.receivers.remove(watcher);
            if (broadcast.receivers.isEmpty()) {
                broadcast.end();
            }
        }
    }

    private void place(Watcher watcher) {
        Range range = Range.of(watcher.request());
        List<Broadcast> same = broadcasts.computeIfAbsent(range, key -> new ArrayList<>());
        Broadcast chosen = null;
        for (Broadcast broadcast : same) {
            // The one that is furthest has the least to tell that the watcher does not want.
            if (broadcast.hasAllFor(watcher) && (chosen == null || broadcast.next > chosen.next)) {
                chosen = broadcast;
            }
        }
        if (chosen == null) {
            chosen = new Broadcast(range, watcher.caller().shared(), watcher.beginsNow() ? 0 : watcher.next());
            same.add(chosen);
            chosen.add(watcher);
            chosen.open();
        } else {
            chosen.add(watcher);
        }
    }

    /** Guarded by the hub's lock. */
    private final class Broadcast implements UpstreamWatch.Listener {
        private final Range range;
        private final Set<Watcher> receivers = new LinkedHashSet<>();
        private Caller caller;

        /** The first revision that has not been told of; 0 while that is for the members to say. */
        private long next;

        /** The header of the last response; null until the members have taken the watch. */
        private @Nullable ResponseHeader header;

        private @Nullable UpstreamWatch watch;
        private boolean ended;

        Broadcast(Range range, Caller caller, long next) {
            this.range = range;
            this.caller = caller;
            this.next = next;
        }

        boolean hasAllFor(Watcher watcher) {
            if (watcher.beginsNow()) {
                // It has had nothing yet, so that it may as well begin where this one is.
                return header != null || next == 0 || next <= watcher.next();
            }
            return next > 0 && next <= watcher.next();
        }

        void add(Watcher watcher) {
            receivers.add(watcher);
            places.put(watcher, this);
            ResponseHeader known = header;
            if (known == null) {
                return;
            }
            long revision = watcher.header().getRevision();
            if (watcher.beginsNow()) {
                watcher.skipTo(next);
                revision = watcher.next() - 1;
            }
            watcher.tellCreated(known.toBuilder().setRevision(revision).build());
        }

        void open() {
            WatchCreateRequest.Builder create = WatchCreateRequest.newBuilder()
                    .setKey(range.key())
                    .setRangeEnd(range.end())
                    .setStartRevision(next)
                    .setProgressNotify(true)
                    .setPrevKv(true);
            if (namespace != null) {
                create.setKey(namespace.inside(range.key())).setRangeEnd(namespace.endInside(range.end()));
            }
            UpstreamWatch opened = new UpstreamWatch(channel, caller, create.build(), this);
            watch = opened;
            opened.start();
        }

        void end() {
            ended = true;
            List<Broadcast> same = broadcasts.get(range);
            if (same != null) {
                same.remove(this);
                if (same.isEmpty()) {
                    broadcasts.remove(range);
                }
            }
            if (watch != null) {
                watch.cancel();
            }
        }

        @Override
        public void onResponse(UpstreamWatch from, WatchResponse response) {
            lock.lock();
            try {
                if (ended || from != watch) {
                    return;
                }
                if (response.getCanceled()) {
                    canceled(response);
                } else if (response.getCreated()) {
                    created(response.getHeader());
                } else if (response.getEventsCount() == 0) {
                    progress(response.getHeader());
                } else {
                    events(response);
                }
                if (!ended) {
                    merge();
                }
            } finally {
                lock.unlock();
            }
        }

        private void created(ResponseHeader at) {
            header = at;
            if (next == 0) {
                next = at.getRevision() + 1;
            }
            for (Watcher watcher : receivers) {
                if (watcher.beginsNow()) {
                    watcher.skipTo(next);
                }
                watcher.tellCreated(at);
            }
        }

        private void progress(ResponseHeader at) {
            header = at;
            next = Math.max(next, at.getRevision() + 1);
            for (Watcher watcher : receivers) {
                watcher.tellProgress(at);
            }
        }

        private void events(WatchResponse response) {
            header = response.getHeader();
            List<Event> events = response.getEventsList();
            if (namespace != null) {
                events = events.stream().map(namespace::outside).toList();
            }
            List<Event> bare = events.stream()
                    .map(event -> event.toBuilder().clearPrevKv().build())
                    .toList();
            next = Math.max(next, events.get(events.size() - 1).getKv().getModRevision() + 1);
            metrics.eventsCoalescingTotal.add(Math.max(0, receivers.size() - 1));
            List<Watcher> slow = new ArrayList<>();
            for (Watcher watcher : receivers) {
                if (!watcher.send(response.getHeader(), events, bare)) {
                    slow.add(watcher);
                }
            }
            for (Watcher watcher : slow) {
                remove(watcher);
                watcher.stream().joinLater(watcher);
            }
        }

        private void canceled(WatchResponse response) {
            List<Watcher> all = new ArrayList<>(receivers);
            boolean refused = response.getCreated() && response.getCompactRevision() == 0;
            List<Watcher> others = new ArrayList<>();
            for (Watcher watcher : all) {
                boolean untouched = refused
                        ? !watcher.caller().token().equals(caller.token())
                        : response.getCompactRevision() > 0 && watcher.next() > response.getCompactRevision();
                if (untouched) {
                    others.add(watcher);
                } else {
                    receivers.remove(watcher);
                    places.remove(watcher);
                    watcher.tellCanceled(response);
                }
            }
            if (refused && !others.isEmpty()) {
                caller = others.get(0).caller().shared();
                open();
                return;
            }
            others.forEach(places::remove);
            receivers.clear();
            end();
            others.forEach(WatchHub.this::place);
        }

        /** Gives the watchers to another broadcast of the range, if there is one that has no more to tell than this one. */
        private void merge() {
            List<Broadcast> same = broadcasts.getOrDefault(range, List.of());
            if (receivers.size() >= MOVED_MAX || same.size() < 2 || next == 0) {
                return;
            }
            for (Broadcast other : same) {
                if (other != this && other.header != null && other.next > 0 && other.next <= next) {
                    for (Watcher watcher : receivers) {
                        other.receivers.add(watcher);
                        places.put(watcher, other);
                    }
                    receivers.clear();
                    end();
                    return;
                }
            }
        }

        @Override
        public void onEnd(UpstreamWatch from, Status status) {
            lock.lock();
            try {
                if (ended || from != watch) {
                    return;
                }
                watch = null;
                if (isFinal(status)) {
                    WatchResponse end = WatchResponse.newBuilder()
                            .setHeader(header == null ? ResponseHeader.getDefaultInstance() : header)
                            .setCreated(true)
                            .setCanceled(true)
                            .setCancelReason(String.valueOf(status.getDescription()))
                            .build();
                    canceled(end);
                    return;
                }
                loop.schedule(this::openAgain, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            } finally {
                lock.unlock();
            }
        }

        private void openAgain() {
            lock.lock();
            try {
                if (!ended && watch == null) {
                    open();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** Whether it would be of no use to try again: the members do not want the caller, or do not know the call. */
    private static boolean isFinal(Status status) {
        return switch (status.getCode()) {
            case UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT, UNIMPLEMENTED, FAILED_PRECONDITION -> true;
            default -> false;
        };
    }
}
