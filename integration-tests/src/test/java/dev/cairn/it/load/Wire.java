package dev.cairn.it.load;

import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.testing.history.Messages;
import dev.cairn.testing.history.Request;
import dev.cairn.testing.history.Response;
import dev.cairn.testing.history.WatchGuarantees;
import io.grpc.Channel;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Between the words of histories and those of etcd's API. Stateless. */
final class Wire {
    private Wire() {}

    /** Makes the call; it fails as gRPC has it fail. */
    static Response call(Channel channel, Request request, long ttlSeconds, long limitMillis) {
        KVGrpc.KVBlockingStub kv =
                KVGrpc.newBlockingStub(channel).withDeadlineAfter(limitMillis, TimeUnit.MILLISECONDS);
        LeaseGrpc.LeaseBlockingStub leases =
                LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(limitMillis, TimeUnit.MILLISECONDS);
        if (request instanceof Request.Range range) {
            RangeResponse response = kv.range(Messages.range(range).build());
            return new Response(response.getHeader().getRevision(), Messages.found(response.getKvsList()));
        }
        if (request instanceof Request.Put put) {
            return done(kv.put(Messages.put(put)).getHeader().getRevision());
        }
        if (request instanceof Request.Delete delete) {
            DeleteRangeResponse response = kv.deleteRange(Messages.delete(delete));
            return new Response(response.getHeader().getRevision(), new Response.Deleted(response.getDeleted()));
        }
        if (request instanceof Request.Grant grant) {
            return done(leases.leaseGrant(LeaseGrantRequest.newBuilder()
                            .setID(grant.lease())
                            .setTTL(ttlSeconds)
                            .build())
                    .getHeader()
                    .getRevision());
        }
        if (request instanceof Request.Revoke revoke) {
            return done(leases.leaseRevoke(LeaseRevokeRequest.newBuilder()
                            .setID(revoke.lease())
                            .build())
                    .getHeader()
                    .getRevision());
        }
        TxnResponse response = kv.txn(Messages.txn((Request.Txn) request));
        return new Response(response.getHeader().getRevision(), Messages.decided(response));
    }

    /** Reads what this member has, however old it is. */
    static RangeResponse readLate(Channel channel, Request.Range range, long limitMillis) {
        return KVGrpc.newBlockingStub(channel)
                .withDeadlineAfter(limitMillis, TimeUnit.MILLISECONDS)
                .range(Messages.range(range).setSerializable(true).build());
    }

    /** What a response says to a watcher; null if it is neither of events nor a progress notice. */
    static WatchGuarantees.@Nullable Told told(WatchResponse response) {
        if (response.getCreated() || response.getCanceled()) {
            return null;
        }
        return new WatchGuarantees.Told(response.getHeader().getRevision(), Messages.events(response));
    }

    private static Response done(long revision) {
        return new Response(revision, new Response.Done());
    }
}
