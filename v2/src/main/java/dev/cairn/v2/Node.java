package dev.cairn.v2;

import com.google.protobuf.ByteString;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node as v2 shows it. Immutable.
 *
 * @param value of a file; null for a directory and for a file that has gone
 * @param modified 0 for the root, which has no indexes
 * @param expiration in nanoseconds of the epoch, 0 without one
 * @param lease that the expiration comes from, 0 without one
 * @param children of a directory that is listed, hidden ones left out
 */
record Node(
        String path,
        boolean dir,
        @Nullable ByteString value,
        long modified,
        long created,
        long expiration,
        long lease,
        List<Node> children) {
    static final Node ROOT = new Node("", true, null, 0, 0, 0, 0, List.of());

    static Node file(String path, KeyValue file, @Nullable KeyValue facts) {
        Facts times = Facts.times(file, facts);
        return new Node(
                path,
                false,
                file.getValue(),
                file.getModRevision(),
                Facts.created(file, facts),
                times.expiration(),
                times.lease(),
                List.of());
    }

    /** A directory counts as modified when it was made, whatever is done to it since. */
    static Node directory(String path, KeyValue marker, @Nullable KeyValue facts) {
        Facts times = Facts.times(marker, facts);
        return new Node(
                path,
                true,
                null,
                marker.getCreateRevision(),
                marker.getCreateRevision(),
                times.expiration(),
                times.lease(),
                List.of());
    }

    Node withChildren(List<Node> listed) {
        return new Node(path, dir, value, modified, created, expiration, lease, listed);
    }
}
