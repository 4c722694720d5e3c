package dev.cairn.v2;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A client that waits for an event, or with {@code stream} for one after the other. It watches the keys of its path and below; what the
 * write was is then read from the action that was written with the revision. Confined to where the store answers.
 *
 * <p>Bounded: a response of the watch is asked for when the one before has been told and the reader keeps up.
 */
final class Waiting implements EventStream, V3.WatchListener {
    private static final String CLEARED = "the requested history has been cleared [%d/%d]";

    private final V3 v3;
    private final KeyRequest request;
    private final Clocks clocks;

    /** The store's revision when the waiting began. */
    private final long begun;

    private final long from;

    /** What came with the last response, a revision at a time. */
    private final ArrayDeque<List<Event>> revisions = new ArrayDeque<>();

    private V3.@Nullable Watch watch;
    private @Nullable Sink sink;
    private boolean reading;
    private boolean asked;
    private boolean closed;
    private boolean over;

    private Waiting(V3 v3, KeyRequest request, Clocks clocks, long begun, long from) {
        this.v3 = v3;
        this.request = request;
        this.clocks = clocks;
        this.begun = begun;
        this.from = from;
    }

    /** Finds out whether what is waited for can still be told. */
    static CompletionStage<Reply> open(V3 v3, KeyRequest request, Clocks clocks) {
        return v3.range(action(0)).thenCompose(now -> {
            long begun = now.getHeader().getRevision();
            long from = request.waitIndex() == 0 ? begun + 1 : request.waitIndex();
            Reply waiting = new Reply.Waiting(begun, new Waiting(v3, request, clocks, begun, from));
            // Beyond 63 bits nothing will ever come.
            if (from < 0 || from > begun) {
                return CompletableFuture.completedFuture(waiting);
            }
            return v3.range(action(Math.max(1, from - 1)))
                    .handle((then, failure) -> V3Failure.isOf(failure, V3Failure.Kind.COMPACTED)
                            ? cleared(v3, begun, from)
                            : failure == null
                                    ? CompletableFuture.completedFuture(waiting)
                                    : CompletableFuture.<Reply>failedFuture(failure))
                    .thenCompose(next -> next);
        });
    }

    /** How far the history has been cleared is told by a watch that asks for it. */
    private static CompletionStage<Reply> cleared(V3 v3, long begun, long from) {
        CompletableFuture<Reply> reply = new CompletableFuture<>();
        V3.Watch[] watch = new V3.Watch[1];
        V3.WatchListener listener = new V3.WatchListener() {
            @Override
            public void onResponse(WatchResponse response) {
                if (response.getCompactRevision() != 0 || response.getCanceled()) {
                    answer(response.getCompactRevision() + 1);
                } else {
                    watch[0].next();
                }
            }

            @Override
            public void onClosed() {
                answer(from + 1);
            }

            private void answer(long first) {
                watch[0].cancel();
                String cause = String.format(java.util.Locale.ROOT, CLEARED, first, from);
                reply.complete(KeysApi.refused(new V2Error(ErrorCode.EVENT_INDEX_CLEARED, cause, begun)));
            }
        };
        // A revision earlier, since what came at the compacted one is known only in part.
        watch[0] = v3.watch(
                WatchCreateRequest.newBuilder()
                        .setKey(Layout.ACTION)
                        .setStartRevision(Math.max(1, from - 1))
                        .build(),
                listener);
        watch[0].next();
        return reply;
    }

    private static RangeRequest action(long revision) {
        return RangeRequest.newBuilder()
                .setKey(Layout.ACTION)
                .setRevision(revision)
                .setSerializable(true)
                .build();
    }

    @Override
    public void begin(Sink opened) {
        sink = opened;
        if (over || from < 0) {
            return;
        }
        // Siblings whose names sort between are in the range too, and are left out later.
        watch = v3.watch(
                WatchCreateRequest.newBuilder()
                        .setKey(request.path().isEmpty() ? Layout.directory("") : Layout.file(request.path()))
                        .setRangeEnd(Layout.directoryEnd(request.path()))
                        .setStartRevision(from)
                        .setPrevKv(true)
                        .build(),
                this);
        goOn();
    }

    @Override
    public void onWritable() {
        goOn();
    }

    @Override
    public void cancel() {
        over = true;
        revisions.clear();
        V3.Watch open = watch;
        watch = null;
        if (open != null) {
            open.cancel();
        }
    }

    @Override
    public void onResponse(WatchResponse response) {
        asked = false;
        if (over) {
            return;
        }
        if (response.getCanceled() || response.getCompactRevision() != 0) {
            end();
            return;
        }
        long revision = 0;
        List<Event> same = new ArrayList<>();
        for (Event event : response.getEventsList()) {
            if (event.getKv().getModRevision() != revision) {
                same = new ArrayList<>();
                revisions.add(same);
                revision = event.getKv().getModRevision();
            }
            same.add(event);
        }
        goOn();
    }

    @Override
    public void onClosed() {
        closed = true;
        goOn();
    }

    /** Takes the next step, if there is one to take now. */
    private void goOn() {
        Sink to = sink;
        V3.Watch open = watch;
        if (over || reading || to == null || open == null || !to.isWritable()) {
            return;
        }
        List<Event> next = revisions.poll();
        if (next != null) {
            tell(next);
        } else if (closed) {
            end();
        } else if (!asked) {
            asked = true;
            open.next();
        }
    }

    private void tell(List<Event> events) {
        Map<ByteString, Event> changes = new LinkedHashMap<>();
        for (Event event : events) {
            String key = Layout.pathOfKey(event.getKv().getKey());
            String path = key.endsWith("/") ? key.substring(0, key.length() - 1) : key;
            if (path.equals(request.path()) || Paths.isBelow(path, request.path())) {
                changes.put(event.getKv().getKey(), event);
            }
        }
        if (changes.isEmpty()) {
            goOn();
            return;
        }
        reading = true;
        long revision = events.get(0).getKv().getModRevision();
        v3.range(action(revision)).whenComplete((response, failure) -> {
            if (over) {
                return;
            }
            if (failure != null) {
                // Compacted since: what is waited for cannot be told any more, and the client will ask anew.
                end();
                return;
            }
            ActionRecord record = recordOf(response, revision);
            if (record == null) {
                infer(new ArrayDeque<>(changes.values()), revision);
            } else {
                if (concerns(record, changes, revision)) {
                    send(EventFactory.recorded(record, revision, changes));
                }
                read();
            }
        });
    }

    private static @Nullable ActionRecord recordOf(RangeResponse response, long revision) {
        return response.getKvsCount() == 1 && response.getKvs(0).getModRevision() == revision
                ? ActionRecord.decode(response.getKvs(0).getValue())
                : null;
    }

    private boolean concerns(ActionRecord record, Map<ByteString, Event> changes, long revision) {
        String path = record.node().path();
        String watched = request.path();
        if (record.quiet()) {
            return false;
        }
        if (record.removes() && record.node().dir() && Paths.isBelow(watched, path)) {
            // Whoever waits for a node hears of it when the directory goes, as far as the node was there.
            return changes.containsKey(Layout.file(watched)) || changes.containsKey(Layout.directory(watched));
        }
        return !record.swept() && isSeen(path, revision);
    }

    private boolean isSeen(String path, long revision) {
        String watched = request.path();
        if (path.equals(watched)) {
            return true;
        }
        // What is past is told whether it is hidden or not.
        return request.recursive()
                && Paths.isBelow(path, watched)
                && (revision <= begun || !Paths.isHiddenBelow(path, watched));
    }

    /** Tells of changes that were not made by v2, one after the other. */
    private void infer(ArrayDeque<Event> changes, long revision) {
        Event change = changes.poll();
        if (over || change == null) {
            read();
            return;
        }
        String key = Layout.pathOfKey(change.getKv().getKey());
        boolean dir = key.endsWith("/");
        String path = dir ? key.substring(0, key.length() - 1) : key;
        if (!isSeen(path, revision)) {
            infer(changes, revision);
            return;
        }
        boolean gone = change.getType() == Event.EventType.DELETE;
        Found.lookAt(v3, path, gone ? revision - 1 : revision).whenComplete((found, failure) -> {
            if (over) {
                return;
            }
            if (failure != null) {
                end();
                return;
            }
            // What lies in a directory that is not there was no node.
            Node node = found.node();
            if (node != null && node.dir() == dir) {
                send(EventFactory.inferred(change, node, clocks.wallNanos()));
            }
            infer(changes, revision);
        });
    }

    private void read() {
        reading = false;
        goOn();
    }

    private void send(String event) {
        Sink to = sink;
        if (over || to == null) {
            return;
        }
        to.write(event);
        if (!request.stream()) {
            end();
        }
    }

    private void end() {
        Sink to = sink;
        cancel();
        if (to != null) {
            to.end();
        }
    }
}
