package dev.cairn.server.rpc;

import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.watch.HeaderSource;
import java.util.function.LongSupplier;

/** Headers of this member's responses. Thread-safe. */
public final class Headers implements HeaderSource {
    private final long clusterId;
    private final long memberId;
    private final LongSupplier term;
    private final LongSupplier revision;

    /**
     * @param term the Raft term of this member at any moment
     * @param revision the current revision of its store
     */
    public Headers(long clusterId, long memberId, LongSupplier term, LongSupplier revision) {
        this.clusterId = clusterId;
        this.memberId = memberId;
        this.term = term;
        this.revision = revision;
    }

    /** A header of this member at this moment, with the given revision. */
    ResponseHeader header(long atRevision) {
        return ResponseHeader.newBuilder()
                .setClusterId(clusterId)
                .setMemberId(memberId)
                .setRevision(atRevision)
                .setRaftTerm(term.getAsLong())
                .build();
    }

    @Override
    public long clusterId() {
        return clusterId;
    }

    @Override
    public long memberId() {
        return memberId;
    }

    @Override
    public long raftTerm() {
        return term.getAsLong();
    }

    /** A header with the store's current revision. */
    ResponseHeader current() {
        return header(revision.getAsLong());
    }

    /** The header of calls that concern no revision: membership. */
    ResponseHeader withoutRevision() {
        return header(0);
    }

    /** The header that applying a request has begun, completed with this member's part. */
    ResponseHeader complete(ResponseHeader begun) {
        return header(begun.getRevision() != 0 ? begun.getRevision() : revision.getAsLong());
    }
}
