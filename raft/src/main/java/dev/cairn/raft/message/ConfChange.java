package dev.cairn.raft.message;

import com.google.protobuf.ByteString;
import java.util.List;

/**
 * A membership change of one node: the form that etcd proposes.
 *
 * @param id lets the application recognise its proposal; the core ignores it
 * @param context application data, opaque here
 */
public record ConfChange(long id, ConfChangeType type, long nodeId, ByteString context) {
    /** The same change in the general form. */
    public ConfChangeV2 asV2() {
        return new ConfChangeV2(ConfChangeTransition.AUTO, List.of(new ConfChangeSingle(type, nodeId)), context);
    }
}
