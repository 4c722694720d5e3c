package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The changes of one request, which share one main revision. Confined to the apply loop, inside an entry.
 *
 * <p>Changes go into the overlay at once, where only this scope sees them, since their revision is above the current one.
 * {@link #finish} publishes the revision if there was a change. Nothing here can be refused: the checks come first.
 */
final class WriteScope implements AutoCloseable {
    private final StoreState state;
    private final LeaseAttachments leases;
    private final LeaseWalk walk;
    private final ReadView view;
    private final Generation active;
    private final long base;
    private final List<Event> events = new ArrayList<>();
    private long keys;

    WriteScope(StoreState state, LeaseAttachments leases, LeaseWalk walk) {
        this.state = state;
        this.leases = leases;
        this.walk = walk;
        this.active = state.overlay().active();
        this.base = state.current();
        this.keys = state.keys();
        this.view = state.open();
    }

    ReadView view() {
        return view;
    }

    /** The revision that a header shows at this point of the request. */
    long revision() {
        return events.isEmpty() ? base : base + 1;
    }

    PutResponse put(PutRequest request) {
        ByteString key = own(request.getKey());
        KeyState old = view.newest(key);
        boolean lives = old != null && !old.tombstone();
        PutResponse.Builder response = PutResponse.newBuilder();
        ByteString oldKeyValue =
                lives && (request.getPrevKv() || request.getIgnoreValue()) ? view.keyValue(key, Long.MAX_VALUE) : null;
        if (request.getPrevKv() && oldKeyValue != null) {
            response.setPrevKv(KeyValues.decode(oldKeyValue));
        }
        ByteString value = request.getIgnoreValue() && oldKeyValue != null
                ? KeyValues.decode(oldKeyValue).getValue()
                : request.getValue();
        long oldLease = lives && old != null ? old.lease() : 0;
        long lease = request.getIgnoreLease() ? oldLease : request.getLease();
        long create = lives && old != null ? old.create() : base + 1;
        long version = lives && old != null ? old.version() + 1 : 1;
        Revision revision = nextRevision();
        Predecessor predecessor = predecessor(old, revision);
        ByteString keyValue = KeyValues.encode(key, create, revision.main(), version, value, lease);
        KeyState created = new KeyState(
                predecessor.id(), revision, predecessor.nextStep(), false, create, version, lease, keyValue.size());
        add(key, created, predecessor, keyValue);
        if (!lives) {
            keys++;
            walk.born(key);
        }
        if (oldLease != lease && oldLease != 0) {
            leases.detach(oldLease, key);
        }
        if (lease != 0) {
            leases.attach(lease, key);
        }
        return response.setHeader(header(revision())).build();
    }

    DeleteRangeResponse deleteRange(DeleteRangeRequest request) {
        KeyRange range = KeyRange.of(request.getKey(), request.getRangeEnd());
        DeleteRangeResponse.Builder response = DeleteRangeResponse.newBuilder();
        List<ByteString> found = new ArrayList<>();
        if (range.isSingle()) {
            KeyState old = view.newest(range.start());
            if (old != null && !old.tombstone()) {
                found.add(own(range.start()));
            }
        } else {
            RangeCursor cursor = view.range(range, Long.MAX_VALUE - 1);
            while (cursor.next()) {
                found.add(cursor.key());
            }
        }
        for (ByteString key : found) {
            ByteString old = request.getPrevKv() ? view.keyValue(key, Long.MAX_VALUE) : null;
            if (old != null) {
                response.addPrevKvs(KeyValues.decode(old));
            }
            delete(key);
        }
        return response.setHeader(header(revision())).setDeleted(found.size()).build();
    }

    /** Deletes those of the keys that live, in key order. */
    int deleteKeys(Collection<ByteString> wanted) {
        List<ByteString> sorted = new ArrayList<>(wanted);
        sorted.sort(KeyRange.KEY_ORDER);
        int deleted = 0;
        for (ByteString key : sorted) {
            if (delete(key)) {
                deleted++;
            }
        }
        return deleted;
    }

    private boolean delete(ByteString key) {
        KeyState old = view.newest(key);
        if (old == null || old.tombstone()) {
            return false;
        }
        Revision revision = nextRevision();
        Predecessor predecessor = predecessor(old, revision);
        KeyState deleted = KeyState.tombstone(predecessor.id(), revision, predecessor.nextStep());
        add(key, deleted, predecessor, KeyValues.tombstone(key));
        keys--;
        walk.died(key);
        if (old.lease() != 0) {
            leases.detach(old.lease(), key);
        }
        return true;
    }

    /** What is kept of a request may share the bytes of a whole log entry, and must not keep them from being collected. */
    private static ByteString own(ByteString key) {
        return UnsafeByteOperations.unsafeWrap(key.toByteArray());
    }

    private Revision nextRevision() {
        return new Revision(base + 1, events.size());
    }

    /**
     * What a new version follows.
     *
     * @param id the id of the key's entry
     * @param step its step; 0 if there is nothing before
     */
    private record Predecessor(Revision id, @Nullable Revision revision, int step, boolean tombstone) {
        int nextStep() {
            return Layout.nextStep(step);
        }
    }

    /**
     * A tombstone below the compacted revision counts as gone, whether or not it has been removed yet: the key begins a new
     * entry. So the flusher may remove the tombstone and its entry at any time before or after this version is flushed.
     */
    private Predecessor predecessor(@Nullable KeyState old, Revision revision) {
        if (old == null || (old.tombstone() && old.revision().main() < state.compacted())) {
            return new Predecessor(revision, null, 0, false);
        }
        return new Predecessor(old.id(), old.revision(), old.step(), old.tombstone());
    }

    private void add(ByteString key, KeyState created, Predecessor predecessor, ByteString keyValue) {
        Version version = new Version(
                key, created, keyValue, predecessor.revision(), predecessor.tombstone(), active.newest(key));
        active.add(version);
        events.add(version.event());
    }

    private static ResponseHeader header(long revision) {
        return ResponseHeader.newBuilder().setRevision(revision).build();
    }

    /** Shows the changes to readers and then to the listener. */
    void finish(EventListener listener) {
        close();
        if (!events.isEmpty()) {
            FailPoint.BEFORE_WRITEBACK_BUF.hit();
            state.publish(base + 1, keys);
            FailPoint.AFTER_WRITEBACK_BUF.hit();
            listener.onEvents(base + 1, List.copyOf(events));
        }
    }

    @Override
    public void close() {
        view.close();
    }
}
