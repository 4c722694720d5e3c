package dev.cairn.server.membership;

import dev.cairn.server.digest.Digests;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;

/**
 * How etcd derives the IDs of members and clusters: the first eight bytes of a SHA-1, so that every founder computes the
 * same ones. IDs are unsigned and never 0. Immutable.
 *
 * @param clusterId the cluster this data directory belongs to
 * @param memberId the member that owns this data directory
 */
public record Identity(long clusterId, long memberId) {
    /** The ID of a founding member: from its peer URLs and the cluster's token. */
    public static long memberId(Collection<String> peerUrls, String clusterToken) {
        StringBuilder text = new StringBuilder();
        peerUrls.stream().sorted().forEach(text::append);
        text.append(clusterToken);
        return idOf(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** The ID of a new cluster: from the IDs of its founders. */
    public static long clusterId(Collection<Long> memberIds) {
        List<Long> sorted = memberIds.stream().sorted(Long::compareUnsigned).toList();
        ByteBuffer bytes = ByteBuffer.allocate(sorted.size() * Long.BYTES);
        sorted.forEach(bytes::putLong);
        return idOf(bytes.array());
    }

    /** An ID as etcd writes it: lower-case hex without leading zeros. */
    public static String hex(long id) {
        return Long.toHexString(id);
    }

    private static long idOf(byte[] input) {
        return ByteBuffer.wrap(Digests.sha1().digest(input)).getLong();
    }
}
