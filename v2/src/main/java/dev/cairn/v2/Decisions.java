package dev.cairn.v2;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a write does, given what was found. A transaction is bound to all that it was decided from, so that it either does exactly this or
 * nothing. Pure: made for one look at the store, then thrown away.
 */
final class Decisions {
    /** Times before are no times: nothing ends by them when it is made. */
    private static final long EARLIEST = 946_684_800_000_000_000L;

    private final KeyRequest request;
    private final Found found;
    private final long expiration;
    private final long lease;
    private final long nowNanos;
    private final List<Compare> conditions = new ArrayList<>();
    private final List<RequestOp> changes = new ArrayList<>();

    /**
     * @param expiration in nanoseconds of the epoch, 0 without one
     * @param lease for what ends; 0 while there is none
     */
    Decisions(KeyRequest request, Found found, long expiration, long lease, long nowNanos) {
        this.request = request;
        this.found = found;
        this.expiration = expiration;
        this.lease = lease;
        this.nowNanos = nowNanos;
    }

    /** Whether a node with this expiration ends at all. */
    static boolean ends(long expiration) {
        return expiration >= EARLIEST;
    }

    /** The path at which to look for a request: for a new key in order, a node of the directory. */
    static String lookedAt(KeyRequest request) {
        return request.method().equals("POST") ? request.path() + "/0" : request.path();
    }

    /**
     * @param occupied whether the directory at the path has nodes in it; asked for only where it matters
     * @param exactly whether a new key in order has to have the name of its index
     */
    Plan decide(boolean occupied, boolean exactly) {
        return switch (request.intent()) {
            case CREATE -> request.method().equals("POST") ? inOrder(exactly) : create(found.path(), "create", false);
            case SET -> set();
            case UPDATE -> update();
            case COMPARE_AND_SWAP -> compareAndSwap();
            case COMPARE_AND_DELETE -> compareAndDelete();
            case DELETE -> delete(occupied);
            case GET -> throw new IllegalArgumentException("nothing is written by " + request.method());
        };
    }

    private Plan set() {
        if (request.refresh() && found.node() == null) {
            return Plan.refused(found.missing());
        }
        return create(found.path(), "set", true);
    }

    private Plan inOrder(boolean exactly) {
        long next = found.revision() + 1;
        String path = request.path() + "/" + String.format(Locale.ROOT, "%020d", next);
        if (exactly) {
            conditions.add(Ops.modified(Layout.ACTION, found.actionRevision()));
        }
        // Whoever else makes one here writes these, so that names rise in the order in which they are made.
        ByteString guard = Layout.facts(request.path(), true);
        KeyValue facts = found.parentFacts();
        conditions.add(Ops.modified(guard, facts == null ? 0 : facts.getModRevision()));
        changes.add(Ops.put(guard, facts == null ? Facts.NONE.encode() : facts.getValue(), 0));
        return create(path, "create", false);
    }

    private Plan create(String path, String action, boolean replace) {
        if (path.isEmpty()) {
            return Plan.refused(found.error(ErrorCode.ROOT_READ_ONLY, "/"));
        }
        int there = found.markers().size();
        if (found.fileInTheWay()) {
            return Plan.refused(found.error(ErrorCode.NOT_DIR, found.above().get(there)));
        }
        Node prev = path.equals(found.path()) ? found.node() : null;
        if (prev != null && !replace) {
            return Plan.refused(found.error(ErrorCode.NODE_EXIST, path));
        }
        if (prev != null && prev.dir()) {
            return Plan.refused(found.error(ErrorCode.NOT_FILE, path));
        }
        boolean ends = ends(expiration);
        compareWay();
        String firstNew = null;
        for (String directory : found.above().subList(there, found.above().size())) {
            firstNew = firstNew == null ? directory : firstNew;
            changes.add(Ops.put(Layout.directory(directory), ByteString.EMPTY, 0));
        }
        if (prev == null) {
            conditions.add(Ops.created(Layout.file(firstNew == null ? path : firstNew), 0));
        } else {
            conditions.add(Ops.modified(Layout.file(path), prev.modified()));
        }
        if (request.dir() && firstNew == null) {
            firstNew = path;
        }
        conditions.add(
                firstNew == null
                        ? Ops.created(Layout.directory(path), 0)
                        : Ops.empty(Layout.directory(firstNew), Layout.directoryEnd(firstNew)));
        ByteString value = null;
        if (request.dir()) {
            if (prev != null) {
                changes.add(Ops.delete(Layout.file(path)));
                changes.add(Ops.delete(Layout.facts(path, false)));
            }
            changes.add(Ops.put(Layout.directory(path), ByteString.EMPTY, ends ? lease : 0));
            changes.add(
                    ends
                            ? Ops.put(Layout.facts(path, true), new Facts(0, lease, expiration).encode(), 0)
                            : Ops.delete(Layout.facts(path, true)));
            if (ends) {
                changes.add(ending(path, 0));
            }
        } else {
            value = request.refresh() && prev != null ? Objects.requireNonNull(prev.value()) : request.value();
            changes.add(Ops.put(Layout.file(path), value, ends ? lease : 0));
            // A set replaces the node, which to v3 is the same key.
            if (ends || prev != null) {
                Facts facts = ends ? new Facts(0, lease, expiration) : Facts.NONE;
                changes.add(Ops.put(Layout.facts(path, false), facts.encode(), ends ? lease : 0));
            }
        }
        Node node = new Node(path, request.dir(), value, 0, 0, ends ? expiration : 0, 0, List.of());
        return plan(action, node, prev, firstNew);
    }

    private Plan update() {
        Node prev = found.node();
        if (found.path().isEmpty()) {
            return Plan.refused(found.error(ErrorCode.ROOT_READ_ONLY, "/"));
        }
        if (prev == null) {
            return Plan.refused(found.missing());
        }
        if (prev.dir() && !request.value().isEmpty()) {
            return Plan.refused(found.error(ErrorCode.NOT_FILE, found.path()));
        }
        if (!prev.dir()) {
            return overwrite("update", prev);
        }
        compareWay();
        compareNode();
        ByteString facts = Layout.facts(found.path(), true);
        boolean ends = expiration != 0;
        changes.add(Ops.put(Layout.directory(found.path()), ByteString.EMPTY, ends ? lease : 0));
        if (prev.expiration() != 0 && prev.expiration() != expiration) {
            changes.add(Ops.delete(Layout.expiring(found.path(), prev.expiration())));
        }
        if (ends) {
            changes.add(Ops.put(facts, new Facts(0, lease, expiration).encode(), 0));
            changes.add(ending(found.path(), prev.created()));
        } else if (found.facts() != null) {
            changes.add(Ops.delete(facts));
        }
        return plan(
                "update", new Node(found.path(), true, null, 0, prev.created(), expiration, 0, List.of()), prev, null);
    }

    /** Where the directory is found when its lease has ended. */
    private RequestOp ending(String path, long created) {
        return Ops.put(Layout.expiring(path, expiration), ByteString.copyFromUtf8(Long.toString(created)), 0);
    }

    private Plan compareAndSwap() {
        if (found.path().isEmpty()) {
            return Plan.refused(found.error(ErrorCode.ROOT_READ_ONLY, "/"));
        }
        Node prev = found.node();
        V2Error refusal = compared(prev);
        return refusal != null || prev == null
                ? Plan.refused(refusal == null ? found.missing() : refusal)
                : overwrite("compareAndSwap", prev);
    }

    /** Writes a file that stays the same node. */
    private Plan overwrite(String action, Node prev) {
        compareWay();
        compareNode();
        ByteString value = request.refresh() ? Objects.requireNonNull(prev.value()) : request.value();
        boolean ends = expiration != 0;
        changes.add(Ops.put(Layout.file(found.path()), value, ends ? lease : 0));
        boolean replaced = prev.created() != Objects.requireNonNull(found.raw()).getCreateRevision();
        ByteString facts = Layout.facts(found.path(), false);
        if (ends || replaced) {
            Facts now = new Facts(prev.created(), ends ? lease : 0, ends ? expiration : 0);
            changes.add(Ops.put(facts, now.encode(), ends ? lease : 0));
        } else if (found.facts() != null) {
            changes.add(Ops.delete(facts));
        }
        return plan(
                action, new Node(found.path(), false, value, 0, prev.created(), expiration, 0, List.of()), prev, null);
    }

    private Plan compareAndDelete() {
        Node prev = found.node();
        V2Error refusal = compared(prev);
        return refusal != null || prev == null
                ? Plan.refused(refusal == null ? found.missing() : refusal)
                : remove("compareAndDelete", prev);
    }

    private Plan delete(boolean occupied) {
        if (found.path().isEmpty()) {
            return Plan.refused(found.error(ErrorCode.ROOT_READ_ONLY, "/"));
        }
        Node prev = found.node();
        if (prev == null) {
            return Plan.refused(found.missing());
        }
        if (prev.dir() && !request.dir() && !request.recursive()) {
            return Plan.refused(found.error(ErrorCode.NOT_FILE, found.path()));
        }
        if (prev.dir() && occupied && !request.recursive()) {
            return Plan.refused(found.error(ErrorCode.DIR_NOT_EMPTY, found.path()));
        }
        return remove("delete", prev);
    }

    private Plan remove(String action, Node prev) {
        String path = found.path();
        compareWay();
        compareNode();
        if (prev.dir()) {
            if (!request.recursive()) {
                // What was left there by directories that have ended goes too; what has come since was not looked at.
                conditions.add(Ops.unchangedSince(
                        Layout.after(Layout.directory(path)), Layout.directoryEnd(path), found.revision()));
            }
            changes.add(Ops.delete(Layout.directory(path), Layout.directoryEnd(path)));
            changes.add(Ops.delete(Layout.facts(path, true), Layout.factsEnd(path)));
            if (prev.expiration() != 0) {
                changes.add(Ops.delete(Layout.expiring(path, prev.expiration())));
            }
        } else {
            changes.add(Ops.delete(Layout.file(path)));
            if (found.facts() != null) {
                changes.add(Ops.delete(Layout.facts(path, false)));
            }
        }
        return plan(action, new Node(path, prev.dir(), null, 0, prev.created(), 0, 0, List.of()), prev, null);
    }

    /** Why the node is not the one that the request expects; null when it is. */
    private @Nullable V2Error compared(@Nullable Node node) {
        if (node == null) {
            return found.missing();
        }
        if (node.dir()) {
            return found.error(ErrorCode.NOT_FILE, found.path());
        }
        ByteString value = Objects.requireNonNull(node.value());
        boolean indexMatches = request.prevIndex() == 0 || request.prevIndex() == node.modified();
        boolean valueMatches =
                request.prevValue().isEmpty() || request.prevValue().equals(value);
        String values = "[" + request.prevValue().toStringUtf8() + " != " + value.toStringUtf8() + "]";
        String indexes = "[" + Long.toUnsignedString(request.prevIndex()) + " != " + node.modified() + "]";
        if (indexMatches) {
            return valueMatches ? null : found.error(ErrorCode.TEST_FAILED, values);
        }
        return found.error(ErrorCode.TEST_FAILED, valueMatches ? indexes : values + " " + indexes);
    }

    /** The directories on the way are still the same. */
    private void compareWay() {
        for (int i = 0; i < found.markers().size(); i++) {
            conditions.add(Ops.created(
                    Layout.directory(found.above().get(i)),
                    found.markers().get(i).getCreateRevision()));
        }
    }

    /** The node is still as it was found. */
    private void compareNode() {
        KeyValue raw = Objects.requireNonNull(found.raw());
        conditions.add(Ops.modified(raw.getKey(), raw.getModRevision()));
    }

    private Plan plan(String action, Node node, @Nullable Node prev, @Nullable String firstNew) {
        ActionRecord record = new ActionRecord(action, quiet(), false, nowNanos, node, prev);
        changes.add(Ops.put(Layout.ACTION, record.encode(), 0));
        return new Plan(null, conditions, changes, record, node, prev, firstNew, prev == null ? 0 : prev.lease());
    }

    /** Only what was there can be refreshed: what makes a node or takes it away is told, whatever the request says of refreshing. */
    private boolean quiet() {
        return switch (request.intent()) {
            case SET, UPDATE, COMPARE_AND_SWAP -> request.refresh();
            case CREATE, DELETE, COMPARE_AND_DELETE, GET -> false;
        };
    }
}
