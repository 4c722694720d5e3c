package dev.cairn.peers;

import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/** The headers with which members introduce themselves. Stateless. */
final class PeerHeaders {
    static final String FROM = "X-Server-From";
    static final String TO = "X-Raft-To";
    static final String VERSION = "X-Server-Version";
    static final String MIN_CLUSTER_VERSION = "X-Min-Cluster-Version";
    static final String CLUSTER_ID = "X-Etcd-Cluster-ID";
    static final String PEER_URLS = "X-PeerURLs";

    static final String INCOMPATIBLE_VERSION = "incompatible version";
    static final String CLUSTER_ID_MISMATCH = "cluster ID mismatch";

    /** What a server says that sends no version, as the releases before 2.1. */
    private static final String ABSENT_VERSION = "2.0.0";

    private PeerHeaders() {}

    /** Introduces the local member. */
    static void introduce(HttpHeaders headers, PeerConfig config) {
        headers.set(FROM, Long.toHexString(config.localId()));
        headers.set(VERSION, config.version());
        headers.set(MIN_CLUSTER_VERSION, config.minClusterVersion());
        headers.set(CLUSTER_ID, Long.toHexString(config.clusterId()));
        if (!config.localUrls().isEmpty()) {
            headers.set(PEER_URLS, String.join(",", config.localUrls()));
        }
    }

    /** Why a request cannot be served, in etcd's words; null if it can. */
    static @Nullable String refusal(HttpHeaders headers, PeerConfig config) {
        long server = majorMinor(headers.get(VERSION, ABSENT_VERSION));
        long minCluster = majorMinor(headers.get(MIN_CLUSTER_VERSION, ABSENT_VERSION));
        if (server < 0
                || minCluster < 0
                || server < majorMinor(config.minClusterVersion())
                || minCluster > majorMinor(config.version())) {
            return INCOMPATIBLE_VERSION;
        }
        return Long.toHexString(config.clusterId()).equals(headers.get(CLUSTER_ID)) ? null : CLUSTER_ID_MISMATCH;
    }

    /** The number of a member; zero, which no member has, if the text is none. */
    static long memberId(@Nullable String text) {
        if (text == null || text.isEmpty() || text.charAt(0) == '+' || text.charAt(0) == '-') {
            return 0;
        }
        try {
            return Long.parseUnsignedLong(text, 16);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    /** Major and minor number in one that compares; -1 for what is no version. */
    private static long majorMinor(String version) {
        String[] parts = version.split("\\.", 3);
        if (parts.length < 3) {
            return -1;
        }
        try {
            int major = Integer.parseInt(parts[0]);
            int minor = Integer.parseInt(parts[1]);
            return major < 0 || minor < 0 ? -1 : (long) major << Integer.SIZE | minor;
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
