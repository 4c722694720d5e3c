package dev.cairn.proxy.rpc;

import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest.FilterType;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import java.util.ArrayList;
import java.util.List;

/**
 * One watcher of a client: what it wants of the events of its range, and how far it has them. Guarded by the lock of the {@link WatchHub}
 * that it is in.
 */
final class Watcher {
    private final ClientWatches stream;
    private final WatchCreateRequest request;
    private final Caller caller;
    private final long id;
    private final boolean withoutPuts;
    private final boolean withoutDeletes;

    /** Events before it are not wanted, or were had. */
    private long next;

    private ResponseHeader header;
    private boolean told;
    private boolean ended;

    /**
     * @param next the first revision that is wanted
     * @param header of the answer that its permission was seen by
     */
    Watcher(
            ClientWatches stream,
            WatchCreateRequest request,
            Caller caller,
            long id,
            long next,
            ResponseHeader header) {
        this.stream = stream;
        this.request = request;
        this.caller = caller;
        this.id = id;
        this.next = next;
        this.header = header;
        this.withoutPuts = request.getFiltersList().contains(FilterType.NOPUT);
        this.withoutDeletes = request.getFiltersList().contains(FilterType.NODELETE);
    }

    ClientWatches stream() {
        return stream;
    }

    Caller caller() {
        return caller;
    }

    long id() {
        return id;
    }

    /** As the client has it. */
    WatchCreateRequest request() {
        return request;
    }

    /** Whether it is still to begin, with what happens next, whatever revision that is. */
    boolean beginsNow() {
        return request.getStartRevision() == 0 && !told;
    }

    long next() {
        return next;
    }

    /** Leaves out what is before a revision. */
    void skipTo(long revision) {
        next = Math.max(next, revision);
    }

    boolean isEnded() {
        return ended;
    }

    void end() {
        ended = true;
    }

    /** The last header that it has been sent, or would have been. */
    ResponseHeader header() {
        return header;
    }

    /** Tells the client that there is a watcher, once. */
    void tellCreated(ResponseHeader at) {
        if (!told) {
            told = true;
            header = at;
            stream.force(response(at).setCreated(true).build());
        }
    }

    /** Tells the client that the members have ended the watch. */
    void tellCanceled(WatchResponse from) {
        header = from.getHeader();
        stream.force(response(header)
                .setCreated(!told && from.getCreated())
                .setCanceled(true)
                .setCompactRevision(from.getCompactRevision())
                .setCancelReason(from.getCancelReason())
                .build());
        told = true;
        ended = true;
        stream.gone(this);
    }

    /** Nothing has happened up to here; left out when the client is slow. */
    void tellProgress(ResponseHeader at) {
        if (request.getProgressNotify() && stream.offer(response(at).build())) {
            header = at;
        }
    }

    /**
     * Hands events on.
     *
     * @param bare the same events without the values before them
     * @return false when the client is too slow; then it has got none of them
     */
    boolean send(ResponseHeader at, List<Event> events, List<Event> bare) {
        List<Event> mine = select(request.getPrevKv() ? events : bare);
        if (!mine.isEmpty()) {
            if (!stream.offer(response(at).addAllEvents(mine).build())) {
                return false;
            }
            header = at;
        }
        next = Math.max(next, events.get(events.size() - 1).getKv().getModRevision() + 1);
        return true;
    }

    private List<Event> select(List<Event> events) {
        if (!withoutPuts && !withoutDeletes && events.get(0).getKv().getModRevision() >= next) {
            return events;
        }
        List<Event> wanted = new ArrayList<>(events.size());
        for (Event event : events) {
            boolean filtered = event.getType() == Event.EventType.PUT ? withoutPuts : withoutDeletes;
            if (!filtered && event.getKv().getModRevision() >= next) {
                wanted.add(event);
            }
        }
        return wanted;
    }

    private WatchResponse.Builder response(ResponseHeader at) {
        return WatchResponse.newBuilder().setHeader(at).setWatchId(id);
    }
}
