package dev.cairn.auth;

import com.google.protobuf.ByteString;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which keys hang on which lease: who revokes a lease deletes them, who asks for a lease may see them. */
public interface LeaseKeys {
    /** The keys on a lease; none when there is no such lease, null while nobody can say. */
    @Nullable
    List<ByteString> attachedKeys(long lease);

    /** The ids of all leases. */
    long[] leases();
}
