package dev.cairn.v2;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.ResponseOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * A store in memory, with all that the API here asks of v3. Answers wait until {@link #run}, as they never come from inside the call. Confined
 * to one thread.
 */
final class FakeV3 implements V3 {
    private static final class State extends TreeMap<ByteString, KeyValue> {
        private static final long serialVersionUID = 1L;

        State(NavigableMap<ByteString, KeyValue> before) {
            super(ByteString.unsignedLexicographicalComparator());
            putAll(before);
        }
    }

    private static final class Watching implements Watch {
        private final WatchCreateRequest request;
        private final WatchListener listener;
        private long next;
        private boolean created;
        private boolean wanted;
        private boolean cancelled;

        Watching(WatchCreateRequest request, WatchListener listener, long next) {
            this.request = request;
            this.listener = listener;
            this.next = next;
        }

        @Override
        public void next() {
            wanted = true;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    /** By revision; at 0 there is nothing. */
    private final List<State> states = new ArrayList<>();

    private final List<List<Event>> events = new ArrayList<>();
    private final List<Watching> watches = new ArrayList<>();
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final ArrayDeque<Runnable> beforeTransactions = new ArrayDeque<>();
    private final Set<Long> leases = new HashSet<>();
    private long compacted;
    private long lastLease = 100;

    FakeV3() {
        State nothing = new State(new TreeMap<>(ByteString.unsignedLexicographicalComparator()));
        states.add(nothing);
        states.add(nothing);
        events.add(List.of());
        events.add(List.of());
    }

    long revision() {
        return states.size() - 1;
    }

    /** Leases that have not ended. */
    Set<Long> leases() {
        return leases;
    }

    /** All keys, as texts. */
    List<String> keys() {
        return states.get(states.size() - 1).keySet().stream()
                .map(ByteString::toStringUtf8)
                .toList();
    }

    /** Something happens right before the next transaction that would write. */
    void beforeNextWrite(Runnable happening) {
        beforeTransactions.add(happening);
    }

    void compact(long revision) {
        compacted = revision;
    }

    /** The lease's time is over. */
    void end(long lease) {
        leases.remove(lease);
        Change change = new Change();
        List.copyOf(change.state.values()).stream()
                .filter(kv -> kv.getLease() == lease)
                .forEach(kv -> change.delete(kv.getKey(), ByteString.EMPTY));
        change.publish();
    }

    /** What a client of v3 writes. */
    void put(String key, String value) {
        Change change = new Change();
        change.put(PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value))
                .build());
        change.publish();
    }

    /** Answers all that waits to be answered. */
    void run() {
        boolean busy = true;
        while (busy) {
            busy = !tasks.isEmpty();
            while (!tasks.isEmpty()) {
                tasks.remove().run();
            }
            for (Watching watch : List.copyOf(watches)) {
                busy |= serve(watch);
            }
        }
    }

    private boolean serve(Watching watch) {
        if (watch.cancelled || !watch.wanted) {
            return false;
        }
        WatchResponse.Builder response = WatchResponse.newBuilder().setHeader(header());
        if (!watch.created) {
            watch.created = true;
            response.setCreated(true);
        } else if (watch.next < compacted) {
            response.setCanceled(true).setCompactRevision(compacted);
        } else {
            while (watch.next <= revision() && response.getEventsCount() == 0) {
                for (Event event : events.get((int) watch.next)) {
                    ByteString key = event.getKv().getKey();
                    if (isIn(key, watch.request.getKey(), watch.request.getRangeEnd())) {
                        response.addEvents(
                                watch.request.getPrevKv()
                                        ? event
                                        : event.toBuilder().clearPrevKv().build());
                    }
                }
                watch.next++;
            }
            if (response.getEventsCount() == 0) {
                return false;
            }
        }
        watch.wanted = false;
        watch.listener.onResponse(response.build());
        return true;
    }

    @Override
    public CompletionStage<RangeResponse> range(RangeRequest request) {
        return later(() -> read(request, states.get(states.size() - 1)));
    }

    @Override
    public CompletionStage<TxnResponse> txn(TxnRequest request) {
        return later(() -> {
            boolean writes = request.getSuccessList().stream().anyMatch(op -> !op.hasRequestRange());
            if (writes && !beforeTransactions.isEmpty()) {
                beforeTransactions.remove().run();
            }
            Change change = new Change();
            boolean succeeded = request.getCompareList().stream().allMatch(this::holds);
            TxnResponse.Builder response = TxnResponse.newBuilder().setSucceeded(succeeded);
            for (RequestOp op : succeeded ? request.getSuccessList() : request.getFailureList()) {
                ResponseOp.Builder answer = response.addResponsesBuilder();
                if (op.hasRequestRange()) {
                    answer.setResponseRange(read(op.getRequestRange(), change.state));
                } else if (op.hasRequestPut()) {
                    change.put(op.getRequestPut());
                } else {
                    DeleteRangeRequest delete = op.getRequestDeleteRange();
                    change.delete(delete.getKey(), delete.getRangeEnd());
                }
            }
            change.publish();
            return response.setHeader(header()).build();
        });
    }

    @Override
    public CompletionStage<LeaseGrantResponse> grant(LeaseGrantRequest request) {
        return later(() -> {
            leases.add(++lastLease);
            return LeaseGrantResponse.newBuilder()
                    .setID(lastLease)
                    .setTTL(request.getTTL())
                    .build();
        });
    }

    @Override
    public void revoke(long lease) {
        tasks.add(() -> end(lease));
    }

    @Override
    public Watch watch(WatchCreateRequest request, WatchListener listener) {
        Watching watch = new Watching(
                request, listener, request.getStartRevision() == 0 ? revision() + 1 : request.getStartRevision());
        watches.add(watch);
        return watch;
    }

    @Override
    public RaftPosition position() {
        return new RaftPosition(revision(), 1);
    }

    @Override
    public <T> CompletionStage<T> aside(Supplier<T> work) {
        return later(work);
    }

    private <T> CompletionStage<T> later(Supplier<T> answer) {
        CompletableFuture<T> stage = new CompletableFuture<>();
        tasks.add(() -> {
            try {
                stage.complete(answer.get());
            } catch (V3Failure e) {
                stage.completeExceptionally(e);
            }
        });
        return stage;
    }

    private ResponseHeader header() {
        return ResponseHeader.newBuilder().setRevision(revision()).build();
    }

    private RangeResponse read(RangeRequest request, State now) {
        if (request.getRevision() != 0 && request.getRevision() < compacted) {
            throw new V3Failure(V3Failure.Kind.COMPACTED, "compacted");
        }
        State state = request.getRevision() == 0 ? now : states.get((int) request.getRevision());
        RangeResponse.Builder response = RangeResponse.newBuilder().setHeader(header());
        for (KeyValue kv : state.values()) {
            if (isIn(kv.getKey(), request.getKey(), request.getRangeEnd())) {
                if (request.getLimit() != 0 && response.getKvsCount() == request.getLimit()) {
                    return response.setMore(true).build();
                }
                response.addKvs(kv);
            }
        }
        return response.build();
    }

    private static boolean isIn(ByteString key, ByteString from, ByteString end) {
        var order = ByteString.unsignedLexicographicalComparator();
        return end.isEmpty() ? key.equals(from) : order.compare(key, from) >= 0 && order.compare(key, end) < 0;
    }

    private boolean holds(Compare compare) {
        List<KeyValue> found = states.get(states.size() - 1).values().stream()
                .filter(kv -> isIn(kv.getKey(), compare.getKey(), compare.getRangeEnd()))
                .toList();
        return (found.isEmpty() ? List.of(KeyValue.getDefaultInstance()) : found)
                .stream().allMatch(kv -> holds(compare, kv));
    }

    private static boolean holds(Compare compare, KeyValue kv) {
        long order = switch (compare.getTarget()) {
            case CREATE -> Long.compare(kv.getCreateRevision(), compare.getCreateRevision());
            case MOD -> Long.compare(kv.getModRevision(), compare.getModRevision());
            case VERSION -> Long.compare(kv.getVersion(), compare.getVersion());
            default -> throw new IllegalArgumentException("not needed here");
        };
        return compare.getResult() == Compare.CompareResult.LESS ? order < 0 : order == 0;
    }

    /** The next revision, as far as it is made. */
    private final class Change {
        private final State state = new State(states.get(states.size() - 1));
        private final List<Event> made = new ArrayList<>();
        private final long revision = states.size();
        private final Set<ByteString> touched = new HashSet<>();

        void put(PutRequest put) {
            if (!touched.add(put.getKey())) {
                throw new IllegalArgumentException(
                        "a key twice: " + put.getKey().toStringUtf8());
            }
            if (put.getLease() != 0 && !leases.contains(put.getLease())) {
                throw new V3Failure(V3Failure.Kind.LEASE_NOT_FOUND, "no such lease");
            }
            KeyValue before = state.get(put.getKey());
            KeyValue now = KeyValue.newBuilder()
                    .setKey(put.getKey())
                    .setValue(put.getValue())
                    .setLease(put.getLease())
                    .setModRevision(revision)
                    .setCreateRevision(before == null ? revision : before.getCreateRevision())
                    .setVersion(before == null ? 1 : before.getVersion() + 1)
                    .build();
            state.put(put.getKey(), now);
            Event.Builder event =
                    Event.newBuilder().setType(Event.EventType.PUT).setKv(now);
            if (before != null) {
                event.setPrevKv(before);
            }
            made.add(event.build());
        }

        void delete(ByteString from, ByteString end) {
            for (KeyValue before : List.copyOf(state.values())) {
                if (isIn(before.getKey(), from, end)) {
                    if (!touched.add(before.getKey())) {
                        throw new IllegalArgumentException(
                                "a key twice: " + before.getKey().toStringUtf8());
                    }
                    state.remove(before.getKey());
                    made.add(Event.newBuilder()
                            .setType(Event.EventType.DELETE)
                            .setKv(KeyValue.newBuilder().setKey(before.getKey()).setModRevision(revision))
                            .setPrevKv(before)
                            .build());
                }
            }
        }

        void publish() {
            if (!made.isEmpty()) {
                states.add(state);
                events.add(made);
            }
        }
    }
}
