package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.util.function.LongPredicate;

/** What the store asks and tells of leases while it applies writes. Called on the apply loop only. */
public interface LeaseAttachments {
    /** Whether the lease exists, so that a key may be attached to it. */
    boolean exists(long lease);

    /** The key now hangs on the lease. Attaching twice is harmless. */
    void attach(long lease, ByteString key);

    /** The key no longer hangs on the lease. */
    void detach(long lease, ByteString key);

    /** Leases that do not remember their keys. */
    static LeaseAttachments forgetful(LongPredicate exists) {
        return new LeaseAttachments() {
            @Override
            public boolean exists(long lease) {
                return exists.test(lease);
            }

            @Override
            public void attach(long lease, ByteString key) {}

            @Override
            public void detach(long lease, ByteString key) {}
        };
    }
}
