package dev.cairn.server.concurrency;

import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import io.grpc.Status;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * The lease that a call's key is bound to: the client's own, or one that the server grants for the call. The client keeps
 * its own alive; a granted one is kept alive while the call waits, and then lives on for what is left of its time. It is not
 * revoked: the key that it carries may have been handed to the client. Confined to the event loop of the call.
 */
final class Session {
    /** The life of a lease that the server grants, as etcd has it. */
    static final long TTL_SECONDS = 60;

    private static final long NO_LEASE = 0;

    private final MemberCalls calls;
    private final long requested;
    private Runnable keeper = () -> {};

    Session(MemberCalls calls, long requested) {
        this.calls = calls;
        this.requested = requested;
    }

    /** Whether the lease was granted for this call, so that no other can use it yet. */
    boolean isGranted() {
        return requested == NO_LEASE;
    }

    /** Hands over the lease's ID, at once where the client has given one. Whether that one exists is not asked here. */
    void open(LongConsumer opened, Consumer<Status> failed) {
        if (!isGranted()) {
            opened.accept(requested);
            return;
        }
        LeaseGrantRequest request =
                LeaseGrantRequest.newBuilder().setTTL(TTL_SECONDS).build();
        calls.call(LeaseGrpc.getLeaseGrantMethod(), request, new Reply<LeaseGrantResponse>() {
            @Override
            public void complete(LeaseGrantResponse granted) {
                opened.accept(granted.getID());
            }

            @Override
            public void fail(Status status) {
                failed.accept(status);
            }
        });
    }

    /** The call begins to wait: a granted lease must not end meanwhile. */
    void keepAlive(long lease) {
        if (isGranted()) {
            keeper = calls.keepAlive(lease);
        }
    }

    /** The call is over. */
    void close() {
        keeper.run();
        keeper = () -> {};
    }
}
