package dev.cairn.lease;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;

/**
 * One row of the lease table, as etcd writes it:
 *
 * <pre>
 *   key    8 bytes   lease id, big endian
 *   value            leasepb.Lease{ID, TTL, RemainingTTL}
 * </pre>
 *
 * <p>Which keys hang on a lease is not stored: every key-value says which lease it hangs on.
 */
final class LeaseFormat {
    private LeaseFormat() {}

    static ByteString key(long id) {
        return ByteString.copyFrom(ByteBuffer.allocate(Long.BYTES).putLong(0, id));
    }

    static ByteString value(long id, long ttlSeconds, long remainingSeconds) {
        return dev.cairn.proto.leasepb.Lease.newBuilder()
                .setID(id)
                .setTTL(ttlSeconds)
                .setRemainingTTL(remainingSeconds)
                .build()
                .toByteString();
    }

    /** Reads a row back; a row that this class could not have written is damage, which nobody may guess around. */
    static dev.cairn.proto.leasepb.Lease parse(ByteString key, ByteString value) {
        dev.cairn.proto.leasepb.Lease row;
        try {
            row = dev.cairn.proto.leasepb.Lease.parseFrom(value);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("lease table: value of key " + hex(key) + " is not a lease", e);
        }
        if (!key.equals(key(row.getID())) || row.getID() == Lessor.NO_LEASE) {
            throw new IllegalStateException(
                    "lease table: key " + hex(key) + " holds lease " + Long.toHexString(row.getID()));
        }
        return row;
    }

    private static String hex(ByteString bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            text.append(String.format("%02x", b));
        }
        return text.toString();
    }
}
