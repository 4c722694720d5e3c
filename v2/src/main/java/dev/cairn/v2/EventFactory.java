package dev.cairn.v2;

import com.google.protobuf.ByteString;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.List;
import java.util.Map;

/** Pure functions: from what one revision did to keys to what v2 tells of it. */
final class EventFactory {
    private EventFactory() {}

    /** A node that was written before its revision was known. */
    static Node at(Node node, long revision) {
        return new Node(
                node.path(),
                node.dir(),
                node.value(),
                revision,
                node.created() == 0 ? revision : node.created(),
                node.expiration(),
                node.lease(),
                List.of());
    }

    /** The event of a write of v2, with the values that are among the changes. */
    static String recorded(ActionRecord record, long revision, Map<ByteString, Event> changes) {
        Node node = at(record.node(), revision);
        Node prev = record.prevNode();
        Event change = changes.get(Layout.file(node.path()));
        if (change != null && !node.dir() && !record.removes()) {
            node = withValue(node, change.getKv().getValue());
        }
        if (prev != null && !prev.dir() && change != null) {
            prev = withValue(prev, change.getPrevKv().getValue());
        }
        return EventJson.event(record.action(), node, prev, record.writtenAt());
    }

    private static Node withValue(Node node, ByteString value) {
        return new Node(
                node.path(),
                node.dir(),
                value,
                node.modified(),
                node.created(),
                node.expiration(),
                node.lease(),
                List.of());
    }

    /**
     * The event of a change that v2 has not made: a lease has ended, or a client of v3 has written.
     *
     * @param node as it was behind the change, or, when it is gone, before
     */
    static String inferred(Event change, Node node, long nowNanos) {
        long revision = change.getKv().getModRevision();
        KeyValue before = change.getPrevKv();
        if (change.getType() == Event.EventType.PUT) {
            Node now = new Node(node.path(), node.dir(), node.value(), revision, node.created(), 0, 0, List.of());
            if (!change.hasPrevKv()) {
                return EventJson.event("set", now, null, nowNanos);
            }
            long modified = node.dir() ? node.modified() : before.getModRevision();
            Node prev = new Node(
                    node.path(),
                    node.dir(),
                    node.dir() ? null : before.getValue(),
                    modified,
                    node.created(),
                    0,
                    0,
                    List.of());
            return EventJson.event("update", now, prev, nowNanos);
        }
        boolean expired = before.getLease() != 0;
        Node gone = new Node(node.path(), node.dir(), null, revision, node.created(), 0, 0, List.of());
        // The lease ends a little later than the node would have.
        long then = expired && node.expiration() != 0 ? Math.min(nowNanos, node.expiration()) : nowNanos;
        return EventJson.event(expired ? ActionRecord.EXPIRE : "delete", gone, node, then);
    }
}
