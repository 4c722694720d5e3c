package dev.cairn.server.api;

import dev.cairn.proto.etcdserverpb.InternalRaftRequestOrBuilder;
import org.jspecify.annotations.Nullable;

/** Whether the store has room for a write, asked before it is proposed. Thread-safe; never blocks. */
public interface WriteAdmission {
    /** NO_SPACE when the request does not fit, after which the NOSPACE alarm is on its way; null when it may go on. */
    @Nullable
    EtcdError refusal(InternalRaftRequestOrBuilder request);
}
