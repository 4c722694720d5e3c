package dev.cairn.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeResponse;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.testing.history.Messages;
import dev.cairn.testing.history.Request;
import dev.cairn.testing.history.Response;

/** Between etcd's messages and the words of histories. Stateless. */
final class Conversions {
    private Conversions() {}

    static InternalRaftRequest.Builder proposal(Request request, long ttlSeconds) {
        InternalRaftRequest.Builder proposal = InternalRaftRequest.newBuilder();
        if (request instanceof Request.Put put) {
            proposal.setPut(Messages.put(put));
        } else if (request instanceof Request.Delete delete) {
            proposal.setDeleteRange(Messages.delete(delete));
        } else if (request instanceof Request.Txn txn) {
            proposal.setTxn(Messages.txn(txn));
        } else if (request instanceof Request.Grant grant) {
            proposal.setLeaseGrant(
                    LeaseGrantRequest.newBuilder().setID(grant.lease()).setTTL(ttlSeconds));
        } else if (request instanceof Request.Revoke revoke) {
            proposal.setLeaseRevoke(LeaseRevokeRequest.newBuilder().setID(revoke.lease()));
        } else {
            throw new IllegalArgumentException("not for the log: " + request);
        }
        return proposal;
    }

    static Response response(MessageLite answer) {
        if (answer instanceof PutResponse put) {
            return new Response(put.getHeader().getRevision(), new Response.Done());
        }
        if (answer instanceof DeleteRangeResponse delete) {
            return new Response(delete.getHeader().getRevision(), new Response.Deleted(delete.getDeleted()));
        }
        if (answer instanceof TxnResponse txn) {
            return new Response(txn.getHeader().getRevision(), Messages.decided(txn));
        }
        if (answer instanceof LeaseGrantResponse grant) {
            return new Response(grant.getHeader().getRevision(), new Response.Done());
        }
        if (answer instanceof LeaseRevokeResponse revoke) {
            return new Response(revoke.getHeader().getRevision(), new Response.Done());
        }
        throw new AssertionError("an answer of a kind that nobody asked for: " + answer.getClass());
    }

    static dev.cairn.proto.mvccpb.KeyValue parse(ByteString encoded) {
        try {
            return dev.cairn.proto.mvccpb.KeyValue.parseFrom(encoded);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("a key-value that cannot be read", e);
        }
    }

    /** A proposal to forget what lies before this revision. */
    static InternalRaftRequest.Builder compaction(long revision) {
        return InternalRaftRequest.newBuilder()
                .setCompaction(CompactionRequest.newBuilder().setRevision(revision));
    }
}
