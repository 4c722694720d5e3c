package dev.cairn.watch;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KeyRange;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.watch.Watcher.State;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All watchers of one client's stream. Confined to the executor of its {@link WatchOutput}: every public method is called
 * there, one at a time, and none from inside a call to the output.
 *
 * <p>Responses are built when the transport is ready, one after the other: what is left of a split response, then answers to
 * requests, then progress that was asked for, then one watcher's events after the other. So a watcher's created response
 * comes before its events, nothing of a watcher comes after its canceled response, and each watcher's events come in order.
 */
public final class WatchStream {
    /** The watch id of responses that are about no watcher, or about all of them. */
    static final long NO_WATCH_ID = -1;

    /** The watch id with which a client leaves the choice to us. */
    private static final long AUTOMATIC_WATCH_ID = 0;

    /** Answers that may wait until the transport is ready. */
    private static final int ANSWERS_MAX = 16;

    /** Responses in one go, before other streams of the same executor get their turn. */
    private static final int RESPONSES_PER_DRAIN_MAX = 256;

    /** Watchers that are taken out in one go, so that the apply loop does not wait for a large stream's end. */
    private static final int REMOVALS_MAX = 256;

    private static final String COMPACTED = "etcdserver: mvcc: required revision has been compacted";
    private static final String EMPTY_RANGE = "mvcc: watcher range is empty";
    private static final String DUPLICATE_ID = "mvcc: duplicate watch ID provided on the WatchStream";

    /** A request without a key means the least key. */
    private static final ByteString LEAST_KEY = ByteString.copyFrom(new byte[] {0});

    /** The hub's number for this stream. */
    final long number;

    private final WatchHub hub;
    private final WatchOutput output;
    private final Backlog backlog;
    private final Confinement confinement = new Confinement();

    private final Map<Long, Watcher> watchers = new HashMap<>();
    private long nextId;

    /** What is left of a response that was split. Bounded by that response. */
    private final ArrayDeque<EncodedResponse> fragments = new ArrayDeque<>();

    /** Answers to requests. Together with {@link #progress} at most {@link #ANSWERS_MAX}. */
    private final ArrayDeque<EncodedResponse> answers = new ArrayDeque<>();

    /** Revisions up to which all events have to be sent before the client is told so. */
    private final ArrayDeque<Long> progress = new ArrayDeque<>();

    /** Turns until it is worth another look whether progress can be told: a look costs as much as a round of turns. */
    private int turnsUntilProgress;

    private boolean closed;

    // Scratch of one turn.
    private final List<SharedEvent> turnEvents = new ArrayList<>();
    private final List<ByteString> turnBytes = new ArrayList<>();
    private final List<Watcher> unparked = new ArrayList<>();

    // Confined to the thread of ProgressTicks.
    long tickIntervalNanos;
    long nextTickNanos;

    WatchStream(WatchHub hub, long number, WatchOutput output) {
        this.hub = hub;
        this.number = number;
        this.output = output;
        this.backlog = new Backlog(output, this::drainAsScheduled, hub.options(), hub.counters());
    }

    /** Creates, cancels or asks for progress; the server has checked permissions. A request without content is ignored. */
    public void onRequest(WatchRequest request) {
        confinement.enter();
        try {
            if (closed || !hasRoom()) {
                return;
            }
            switch (request.getRequestUnionCase()) {
                case CREATE_REQUEST -> create(request.getCreateRequest());
                case CANCEL_REQUEST -> cancel(request.getCancelRequest().getWatchId());
                case PROGRESS_REQUEST -> askProgress();
                case REQUESTUNION_NOT_SET -> {}
            }
            drain(false);
        } finally {
            confinement.exit();
        }
    }

    /**
     * Answers a create request that the server does not permit: no watcher, one response with watch id -1, created and
     * canceled. A negative start revision keeps its own reason, which etcd checks before permissions.
     */
    public void refuse(WatchCreateRequest request, String cancelReason) {
        confinement.enter();
        try {
            if (closed || !hasRoom()) {
                return;
            }
            refuse(request.getStartRevision() < 0 ? COMPACTED : cancelReason);
            drain(false);
        } finally {
            confinement.exit();
        }
    }

    /**
     * Whether there is room for the answer to one more request. The server asks the transport for the next request only
     * then; having been told no, it asks again after {@link #onReady}.
     */
    public boolean acceptsRequests() {
        return answers.size() + progress.size() < ANSWERS_MAX;
    }

    /** The transport takes responses again. */
    public void onReady() {
        confinement.enter();
        try {
            drain(false);
        } finally {
            confinement.exit();
        }
    }

    /** The client is gone, or the server ended the call: releases everything at once. Harmless when repeated. */
    public void close() {
        confinement.enter();
        try {
            release();
        } finally {
            confinement.exit();
        }
    }

    /** Bytes that wait here. Called by any thread. */
    long bytesPending() {
        return backlog.chargedBytes();
    }

    /** Events that wait here, counted once for each watcher. Called by any thread. */
    long eventsPending() {
        return backlog.eventsPending();
    }

    /** Has the executor end the stream because the hub is closed. Called by any thread. */
    void stopLater() {
        output.execute(() -> {
            confinement.enter();
            try {
                fail(WatchOutput.Failure.STOPPED);
            } finally {
                confinement.exit();
            }
        });
    }

    /** Has the executor tell the progress of idle watchers that asked for it. Called by any thread. */
    void tickLater() {
        output.execute(() -> {
            confinement.enter();
            try {
                tick();
            } finally {
                confinement.exit();
            }
        });
    }

    // Requests.

    private boolean hasRoom() {
        if (acceptsRequests()) {
            return true;
        }
        fail(WatchOutput.Failure.TOO_MANY_REQUESTS);
        return false;
    }

    private void create(WatchCreateRequest request) {
        if (request.getStartRevision() < 0) {
            refuse(COMPACTED);
            return;
        }
        KeyRange range = KeyRange.of(request.getKey().isEmpty() ? LEAST_KEY : request.getKey(), request.getRangeEnd());
        if (range.isEmpty()) {
            refuse(EMPTY_RANGE);
            return;
        }
        long id = request.getWatchId();
        if (id == AUTOMATIC_WATCH_ID) {
            while (watchers.containsKey(nextId)) {
                nextId++;
            }
            id = nextId++;
        } else if (watchers.containsKey(id)) {
            refuse(DUPLICATE_ID);
            return;
        }
        Watcher watcher = new Watcher(id, backlog, range, request);
        watchers.put(id, watcher);
        hub.counters().watchers.incrementAndGet();
        long current = hub.publisher().add(watcher);
        answers.addLast(hub.format().created(current, id));
        if (backlog.laggingFrom(watcher) >= 0) {
            hub.catchUp().submit(watcher);
        }
    }

    private void refuse(String reason) {
        answers.addLast(hub.format().refused(hub.log().currentRevision(), reason));
    }

    private void cancel(long id) {
        Watcher watcher = watchers.remove(id);
        if (watcher == null) {
            return;
        }
        remove(List.of(watcher));
        answers.addLast(hub.format().canceled(hub.log().currentRevision(), id));
        unpark();
    }

    /** Answered once everything up to now is sent, if all watchers are in sync now; otherwise never. */
    private void askProgress() {
        long revision = hub.log().currentRevision();
        if (watchers.isEmpty() || !backlog.inSync(watchers.values(), revision)) {
            return;
        }
        progress.addLast(revision);
        backlog.awaitProgress(true);
        turnsUntilProgress = 0;
        if (revision > hub.publisher().published()) {
            hub.publisher().wakeWhenPublished(revision, backlog);
        }
    }

    private void tick() {
        if (closed) {
            return;
        }
        long published = hub.publisher().published();
        for (Watcher watcher : watchers.values()) {
            if (watcher.wantsProgress) {
                if (watcher.idle) {
                    backlog.askProgress(watcher, published);
                }
                watcher.idle = true;
            }
        }
        drain(false);
    }

    // Responses.

    private void drainAsScheduled() {
        confinement.enter();
        try {
            drain(true);
        } finally {
            confinement.exit();
        }
    }

    private void drain(boolean asScheduled) {
        backlog.drainBegins(asScheduled);
        for (int sent = 0; !closed; sent++) {
            if (!output.isReady()) {
                backlog.block();
                return;
            }
            if (sent == RESPONSES_PER_DRAIN_MAX) {
                backlog.drainLater();
                return;
            }
            if (!sendNext()) {
                return;
            }
        }
    }

    private boolean sendNext() {
        EncodedResponse waiting = fragments.pollFirst();
        if (waiting == null) {
            waiting = answers.pollFirst();
        }
        if (waiting == null) {
            waiting = progressTold();
        }
        if (waiting != null) {
            send(waiting);
            return true;
        }
        if (sendTurn()) {
            return true;
        }
        // Nobody has anything to send, and fewer had than it seemed: now is the time for another look.
        turnsUntilProgress = 0;
        waiting = progressTold();
        if (waiting == null) {
            return false;
        }
        send(waiting);
        return true;
    }

    private @Nullable EncodedResponse progressTold() {
        if (progress.isEmpty() || turnsUntilProgress > 0) {
            return null;
        }
        long revision = progress.getFirst();
        if (revision > hub.publisher().published() || !backlog.sentUpTo(watchers.values(), revision)) {
            turnsUntilProgress = backlog.queueLength();
            return null;
        }
        progress.removeFirst();
        backlog.awaitProgress(!progress.isEmpty());
        return hub.format().progress(revision, NO_WATCH_ID);
    }

    private boolean sendTurn() {
        turnsUntilProgress--;
        // Read before the backlog's lock is taken: see there.
        long published = hub.publisher().published();
        Backlog.Turn turn = backlog.nextTurn(published, turnEvents);
        if (turn == null) {
            return false;
        }
        Watcher watcher = turn.watcher();
        switch (turn.kind()) {
            case COMPACTED -> send(hub.format().compacted(turn.revision(), watcher.id));
            case PROGRESS -> send(hub.format().progress(turn.revision(), watcher.id));
            case EVENTS -> sendEvents(watcher, turn.revision());
        }
        return true;
    }

    private void sendEvents(Watcher watcher, long leastHeaderRevision) {
        long bytes = encodeTurn(watcher);
        int count = turnBytes.size();
        long last = turnEvents.get(count - 1).revision();
        long headerRevision = Math.max(last, leastHeaderRevision);
        turnEvents.clear();
        boolean sent = respond(watcher, headerRevision, bytes);
        turnBytes.clear();
        if (!sent) {
            fail(WatchOutput.Failure.RESPONSE_TOO_LARGE);
            return;
        }
        watcher.idle = false;
        backlog.settle(watcher, count);
        unpark();
    }

    /** Encodes events of the turn up to the end of the revision at which the response is full; returns their bytes. */
    private long encodeTurn(Watcher watcher) {
        long bytes = 0;
        int i = 0;
        while (i < turnEvents.size()) {
            long revision = turnEvents.get(i).revision();
            int begin = i;
            long revisionBytes = 0;
            for (; i < turnEvents.size() && turnEvents.get(i).revision() == revision; i++) {
                SharedEvent event = turnEvents.get(i);
                ByteString encoded =
                        watcher.wantsPrevious ? hub.previousValues().encode(event) : event.encoded();
                turnBytes.add(encoded);
                revisionBytes += encoded.size();
            }
            if (begin > 0 && bytes + revisionBytes > hub.options().responseBytesMax()) {
                turnBytes.subList(begin, i).clear();
                break;
            }
            bytes += revisionBytes;
        }
        return bytes;
    }

    /** Sends the turn's events, split if need be; answers false if that is not possible. */
    private boolean respond(Watcher watcher, long revision, long eventBytes) {
        ByteString head = hub.format().eventsHead(revision, watcher.id, false);
        long size = head.size() + eventBytes;
        if (watcher.allowsFragments && size >= hub.options().fragmentBytes() && turnBytes.size() > 1) {
            split(head, hub.format().eventsHead(revision, watcher.id, true));
            send(fragments.removeFirst());
            return true;
        }
        if (size > Integer.MAX_VALUE) {
            return false;
        }
        send(response(head, 0, turnBytes.size(), (int) size));
        return true;
    }

    /** Every fragment holds as many events as stay below the limit, and at least one. */
    private void split(ByteString lastHead, ByteString head) {
        int begin = 0;
        while (begin < turnBytes.size()) {
            int end = begin + 1;
            long size = (long) head.size() + turnBytes.get(begin).size();
            while (end < turnBytes.size()
                    && size + turnBytes.get(end).size() < hub.options().fragmentBytes()) {
                size += turnBytes.get(end).size();
                end++;
            }
            boolean isLast = end == turnBytes.size();
            int exact = Math.toIntExact(isLast ? size - head.size() + lastHead.size() : size);
            fragments.addLast(response(isLast ? lastHead : head, begin, end, exact));
            begin = end;
        }
    }

    private EncodedResponse response(ByteString head, int begin, int end, int size) {
        return new EncodedResponse(head, turnBytes.subList(begin, end).toArray(new ByteString[0]), size);
    }

    private void send(EncodedResponse response) {
        hub.counters().eventsSent.add(response.events());
        output.send(response);
    }

    // The end.

    private void unpark() {
        backlog.unpark(unparked);
        hub.catchUp().submit(unparked);
        unparked.clear();
    }

    private void remove(List<Watcher> removed) {
        hub.publisher().remove(removed);
        for (Watcher watcher : removed) {
            if (backlog.remove(watcher) == State.LAGGING) {
                hub.catchUp().submit(watcher);
            }
        }
        hub.counters().watchers.addAndGet(-removed.size());
    }

    private void fail(WatchOutput.Failure failure) {
        if (!closed) {
            release();
            output.fail(failure);
        }
    }

    private void release() {
        if (closed) {
            return;
        }
        closed = true;
        List<Watcher> all = new ArrayList<>(watchers.values());
        watchers.clear();
        for (int begin = 0; begin < all.size(); begin += REMOVALS_MAX) {
            remove(all.subList(begin, Math.min(all.size(), begin + REMOVALS_MAX)));
        }
        hub.publisher().forget(backlog);
        backlog.close();
        fragments.clear();
        answers.clear();
        progress.clear();
        hub.closed(this);
    }
}
