package dev.cairn.wal;

/** Whose log this is: the member and its cluster, written at the start of every segment. Ids are unsigned. */
public record WalMetadata(long nodeId, long clusterId) {
    @Override
    public String toString() {
        return "member " + Long.toHexString(nodeId) + " of cluster " + Long.toHexString(clusterId);
    }
}
