package dev.cairn.v2;

import com.google.protobuf.ByteString;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What v3 does not know of a node. Immutable. Written together with the node; facts of a node that has gone, or that v3's clients have
 * written since, are told by their revision and lease and count no more.
 *
 * @param created 0 for the revision at which the facts were written
 * @param lease what the expiration belongs to, 0 without one
 * @param expiration in nanoseconds of the epoch, 0 without one
 */
record Facts(long created, long lease, long expiration) {
    static final Facts NONE = new Facts(0, 0, 0);

    ByteString encode() {
        return ByteString.copyFromUtf8(String.format(Locale.ROOT, "%d %x %d", created, lease, expiration));
    }

    /** Nothing for what somebody else has written there. */
    static Facts decode(ByteString text) {
        String[] parts = text.toStringUtf8().split(" ", -1);
        try {
            return parts.length == 3
                    ? new Facts(Long.parseLong(parts[0]), Long.parseLong(parts[1], 16), Long.parseLong(parts[2]))
                    : NONE;
        } catch (NumberFormatException e) {
            return NONE;
        }
    }

    static long created(KeyValue node, @Nullable KeyValue facts) {
        if (facts == null || facts.getModRevision() < node.getCreateRevision()) {
            return node.getCreateRevision();
        }
        long created = decode(facts.getValue()).created();
        return Math.max(node.getCreateRevision(), created == 0 ? facts.getModRevision() : created);
    }

    /** The expiration, as far as the node still has the lease that it belongs to. */
    static Facts times(KeyValue node, @Nullable KeyValue facts) {
        if (facts == null || node.getLease() == 0) {
            return NONE;
        }
        Facts decoded = decode(facts.getValue());
        return decoded.lease() == node.getLease() ? decoded : NONE;
    }
}
