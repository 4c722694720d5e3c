package dev.cairn.proxy.rpc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One client's stream of watches. Requests are taken one at a time on the event loop of its connection, and only while there is room for what they
 * may be answered; responses come from any thread and leave on that event loop.
 *
 * <p>Bounded: {@link #RESPONSES_MAX} responses or {@link #BYTES_MAX} bytes wait (one always may), and the notices that single watchers began or
 * ended. Events that do not fit are not taken; their watchers join again when everything has left.
 */
final class ClientWatches implements StreamObserver<WatchRequest> {
    static final int RESPONSES_MAX = 1024;
    static final long BYTES_MAX = 8L << 20;

    private static final long NO_WATCHER = -1;
    private static final ByteString ZERO = ByteString.copyFrom(new byte[] {0});

    private final WatchHub hub;
    private final Kv kv;
    private final ServerCallStreamObserver<WatchResponse> call;
    private final Caller caller;

    /** Confined to the event loop. */
    private final Map<Long, Watcher> watchers = new HashMap<>();

    private long nextId;
    private boolean requested;
    private boolean closed;

    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as all below. */
    private final Deque<WatchResponse> waiting = new ArrayDeque<>();

    private final List<Watcher> behind = new ArrayList<>();
    private long waitingBytes;
    private boolean sending;
    private boolean over;

    ClientWatches(WatchHub hub, Kv kv, ServerCallStreamObserver<WatchResponse> call, Caller caller) {
        this.hub = hub;
        this.kv = kv;
        this.call = call;
        this.caller = caller;
    }

    /** To be called once, on the event loop, before any message comes. */
    void begin() {
        call.disableAutoRequest();
        call.setOnReadyHandler(this::send);
        call.setOnCancelHandler(this::release);
        takeNext();
    }

    private void takeNext() {
        if (!requested && !closed && hasRoom()) {
            requested = true;
            call.request(1);
        }
    }

    private boolean hasRoom() {
        lock.lock();
        try {
            return !over && waiting.size() < RESPONSES_MAX;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void onNext(WatchRequest request) {
        requested = false;
        switch (request.getRequestUnionCase()) {
            case CREATE_REQUEST -> create(request.getCreateRequest());
            case CANCEL_REQUEST -> {
                cancel(request.getCancelRequest().getWatchId());
                takeNext();
            }
            // As with etcd's proxy there is no answer to a question for progress: members answer it for one of their
            // own streams.
            default -> takeNext();
        }
    }

    private void create(WatchCreateRequest request) {
        if (request.getStartRevision() < 0) {
            refuse(EtcdError.COMPACTED.message());
            takeNext();
            return;
        }
        // The next request is taken behind the answer to this one.
        requested = true;
        Status[] refused = new Status[1];
        RangeResponse[] read = new RangeResponse[1];
        kv.range(permission(request), new StreamObserver<>() {
            @Override
            public void onNext(RangeResponse response) {
                read[0] = response;
            }

            @Override
            public void onError(Throwable error) {
                refused[0] = Status.fromThrowable(error);
                onCompleted();
            }

            @Override
            public void onCompleted() {
                caller.execute(() -> judged(request, read[0], refused[0]));
            }
        });
    }

    /** Whoever may read the range may watch it; the answer also tells the revision. */
    private static RangeRequest permission(WatchCreateRequest request) {
        boolean all = request.getKey().isEmpty();
        return RangeRequest.newBuilder()
                .setKey(all ? ZERO : request.getKey())
                .setRangeEnd(all ? ZERO : request.getRangeEnd())
                .setSerializable(true)
                .setCountOnly(true)
                .setLimit(1)
                .build();
    }

    private void judged(WatchCreateRequest request, @Nullable RangeResponse read, @Nullable Status refused) {
        requested = false;
        if (closed) {
            return;
        }
        if (read == null) {
            String reason = refused == null ? null : refused.getDescription();
            refuse(reason == null ? String.valueOf(refused) : reason);
        } else if (!isRange(request.getKey(), request.getRangeEnd())) {
            refuse("");
        } else if (request.getWatchId() != 0 && watchers.containsKey(request.getWatchId())) {
            refuse("mvcc: duplicate watch ID provided on the WatchStream");
        } else {
            add(request, read.getHeader());
        }
        takeNext();
    }

    private static boolean isRange(ByteString key, ByteString end) {
        return end.isEmpty()
                || end.equals(ZERO)
                || ByteString.unsignedLexicographicalComparator().compare(end, key) > 0;
    }

    private void add(WatchCreateRequest request, ResponseHeader at) {
        long id = request.getWatchId();
        if (id == 0) {
            while (watchers.containsKey(nextId)) {
                nextId++;
            }
            id = nextId++;
        }
        long from = request.getStartRevision() == 0 ? at.getRevision() + 1 : request.getStartRevision();
        Watcher watcher = new Watcher(this, request, caller, id, from, at);
        watchers.put(id, watcher);
        hub.join(watcher);
    }

    private void refuse(String reason) {
        force(WatchResponse.newBuilder()
                .setHeader(ResponseHeader.getDefaultInstance())
                .setWatchId(NO_WATCHER)
                .setCreated(true)
                .setCanceled(true)
                .setCancelReason(reason)
                .build());
    }

    private void cancel(long id) {
        Watcher watcher = watchers.remove(id);
        if (watcher != null) {
            ResponseHeader last = hub.leave(watcher);
            forget(watcher);
            force(WatchResponse.newBuilder()
                    .setHeader(last)
                    .setWatchId(id)
                    .setCanceled(true)
                    .build());
        }
    }

    private void forget(Watcher watcher) {
        lock.lock();
        try {
            behind.remove(watcher);
        } finally {
            lock.unlock();
        }
    }

    /** The members have ended it. */
    void gone(Watcher watcher) {
        caller.execute(() -> watchers.remove(watcher.id(), watcher));
    }

    /** False when too much waits already. */
    boolean offer(WatchResponse response) {
        return put(response, false);
    }

    /** For notices about single watchers, of which there are no more than the client has asked for. */
    void force(WatchResponse response) {
        put(response, true);
    }

    private boolean put(WatchResponse response, boolean forced) {
        lock.lock();
        try {
            boolean full = waiting.size() >= RESPONSES_MAX || waitingBytes >= BYTES_MAX;
            if (full && !forced) {
                return false;
            }
            if (over) {
                return true;
            }
            waiting.add(response);
            waitingBytes += response.getSerializedSize();
            if (!sending) {
                sending = true;
                caller.execute(this::send);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The watcher had to leave its broadcast and joins one when there is room again. */
    void joinLater(Watcher watcher) {
        lock.lock();
        try {
            behind.add(watcher);
        } finally {
            lock.unlock();
        }
    }

    private void send() {
        while (!closed && !call.isCancelled() && call.isReady()) {
            WatchResponse next;
            lock.lock();
            try {
                next = waiting.poll();
                if (next == null) {
                    sending = false;
                    break;
                }
                waitingBytes -= next.getSerializedSize();
            } finally {
                lock.unlock();
            }
            call.onNext(next);
        }
        joinAgain();
        takeNext();
    }

    private void joinAgain() {
        List<Watcher> joining;
        lock.lock();
        try {
            if (!waiting.isEmpty() || behind.isEmpty() || over) {
                return;
            }
            joining = List.copyOf(behind);
            behind.clear();
        } finally {
            lock.unlock();
        }
        joining.forEach(hub::join);
    }

    /** Ends the stream with an error; on any thread. */
    void fail(EtcdError error) {
        caller.execute(() -> {
            if (!closed && !call.isCancelled()) {
                release();
                call.onError(error.asException());
            }
        });
    }

    @Override
    public void onError(Throwable error) {
        release();
    }

    @Override
    public void onCompleted() {
        // A client that has nothing more to ask still listens: the stream ends when it cancels.
    }

    private void release() {
        closed = true;
        lock.lock();
        try {
            over = true;
            waiting.clear();
            behind.clear();
            waitingBytes = 0;
        } finally {
            lock.unlock();
        }
        watchers.values().forEach(hub::leave);
        watchers.clear();
    }
}
