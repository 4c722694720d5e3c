package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.util.function.LongPredicate;

/** What the store asks and tells of leases while it applies writes. Called on the apply loop only. */
public interface LeaseAttachments {
    /** Whether the lease exists, so that a key may be attached to it. */
    boolean exists(long lease);

    /**
     * Whether the lease exists and did so when the walk over the stored keys began: only then keys hang on it that the walk has to attach. One
     * that was granted since has none but those written since, whatever a key may name that was left behind by a lease of the same
     * number.
     */
    default boolean wasRestored(long lease) {
        return exists(lease);
    }

    /** Every key is attached that the store held when it was given these leases, and they may be asked what hangs on them. */
    default void attachedAll() {}

    /** The key now hangs on the lease. Attaching twice is harmless. */
    void attach(long lease, ByteString key);

    /** The key no longer hangs on the lease. Harmless where it did not, as the walk over the stored keys may not have come to it. */
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
