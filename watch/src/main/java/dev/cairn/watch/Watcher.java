package dev.cairn.watch;

import dev.cairn.mvcc.KeyRange;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest.FilterType;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One watcher: what it asked for, and its cursor. The fields behind the first group belong to others, who guard them: the
 * stream's {@link Backlog}, the stream's executor, the catch-up thread.
 */
final class Watcher extends RangeIndex.Entry {
    /**
     * Where the watcher gets its events from.
     *
     * <pre>
     *   LIVE      published events are appended to its pending ones    -> LAGGING  budget spent, or the store was replaced
     *   LAGGING   {@link CatchUp} reads the log for it, or it is parked -> LIVE     everything published is pending or sent
     *             until its stream has room again                      -> COMPACTED the log no longer has its place
     *   COMPACTED its end is to be told; it keeps its id until the client cancels it, as in etcd
     *   GONE      cancelled, or the stream is closed; from every state, and final
     * </pre>
     */
    enum State {
        LIVE,
        LAGGING,
        COMPACTED,
        GONE,
    }

    final long id;
    final Backlog backlog;
    final boolean wantsProgress;
    final boolean wantsPrevious;
    final boolean allowsFragments;

    /** The start revision as the client gave it; 0 for now. */
    final long startRevision;

    private final boolean wantsPuts;
    private final boolean wantsDeletes;

    // Guarded by the backlog's lock.

    State state = State.LAGGING;

    /**
     * LIVE: events below are not for this watcher any more. LAGGING: the first revision whose events are not all pending or
     * sent. Pending events below {@code next} are complete revisions, in both states.
     */
    long next;

    /** Revision of the youngest event that was ever pending, and how many events of it are. */
    long tailRevision;

    int tailEvents;

    @Nullable
    ArrayDeque<Backlog.Slot> pending;

    /** The store's revision when this watcher last read the log; headers of what was read carry it. */
    long readAtRevision;

    long compactRevision;
    boolean compactionTold;
    boolean progressDue;

    /** In the queue of watchers that have something to send. */
    boolean queued;

    /** Got events of the revision that is being published. */
    boolean fresh;

    // Confined to the stream's executor.

    /** No event was sent since the last tick of the stream. */
    boolean idle = true;

    // Confined to the catch-up thread.

    CatchUp.@Nullable Reader reader;

    Watcher(long id, Backlog backlog, KeyRange range, WatchCreateRequest request) {
        super(range);
        this.id = id;
        this.backlog = backlog;
        this.wantsProgress = request.getProgressNotify();
        this.wantsPrevious = request.getPrevKv();
        this.allowsFragments = request.getFragment();
        this.startRevision = request.getStartRevision();
        this.wantsPuts = !request.getFiltersList().contains(FilterType.NOPUT);
        this.wantsDeletes = !request.getFiltersList().contains(FilterType.NODELETE);
    }

    /** Whether the watcher's filters let the event pass. */
    boolean wants(SharedEvent event) {
        return event.event().delete() ? wantsDeletes : wantsPuts;
    }
}
