package dev.cairn.watch;

/** A member that never changes; its ids need all 64 bits. */
final class FixedHeaders implements HeaderSource {
    static final long CLUSTER_ID = 0xcafe_0000_0000_0001L;
    static final long MEMBER_ID = 0x8000_0000_0000_0002L;
    static final long RAFT_TERM = 3;

    @Override
    public long clusterId() {
        return CLUSTER_ID;
    }

    @Override
    public long memberId() {
        return MEMBER_ID;
    }

    @Override
    public long raftTerm() {
        return RAFT_TERM;
    }
}
