package dev.cairn.peers;

import java.time.Duration;
import java.util.List;

/**
 * Who the local member is, and how patient. Immutable.
 *
 * @param localId the local member
 * @param clusterId every request from or to another cluster is refused
 * @param localUrls the own peer URLs as they are told to others
 * @param version the own version, such as {@code 3.7.1}
 * @param minClusterVersion members below this are refused
 * @param dialTimeout for a connection to be made
 * @param redialInterval at least between two attempts to open one stream
 * @param readTimeout a stream on which nothing comes for so long is given up
 * @param writeTimeout a stream that takes nothing for so long is given up
 * @param probeInterval between two round trips that are measured
 * @param snapshotBytesPerSecondMax the rate of one outgoing snapshot; 0: as fast as the peer takes it
 */
public record PeerConfig(
        long localId,
        long clusterId,
        List<String> localUrls,
        String version,
        String minClusterVersion,
        Duration dialTimeout,
        Duration redialInterval,
        Duration readTimeout,
        Duration writeTimeout,
        Duration probeInterval,
        long snapshotBytesPerSecondMax) {
    public PeerConfig {
        localUrls = List.copyOf(localUrls);
    }

    /** The values of etcd 3.7 for an election timeout. */
    public static PeerConfig of(long localId, long clusterId, List<String> localUrls, Duration electionTimeout) {
        return new PeerConfig(
                localId,
                clusterId,
                localUrls,
                "3.7.1",
                "3.0.0",
                Duration.ofSeconds(1).plus(electionTimeout),
                Duration.ofMillis(100),
                Duration.ofSeconds(5),
                Duration.ofSeconds(5),
                Duration.ofSeconds(4),
                0);
    }

    /** The same with other limits of time: of a stream without a sign of life, either way, and between probes. */
    public PeerConfig withTimes(Duration newReadTimeout, Duration newProbeInterval) {
        return new PeerConfig(
                localId,
                clusterId,
                localUrls,
                version,
                minClusterVersion,
                dialTimeout,
                redialInterval,
                newReadTimeout,
                newReadTimeout,
                newProbeInterval,
                snapshotBytesPerSecondMax);
    }

    /** The same with another limit for a stream that takes nothing. */
    public PeerConfig withWriteTimeout(Duration limit) {
        return new PeerConfig(
                localId,
                clusterId,
                localUrls,
                version,
                minClusterVersion,
                dialTimeout,
                redialInterval,
                readTimeout,
                limit,
                probeInterval,
                snapshotBytesPerSecondMax);
    }

    /** The same with a limit for outgoing snapshots. */
    public PeerConfig withSnapshotBytesPerSecondMax(long limit) {
        return new PeerConfig(
                localId,
                clusterId,
                localUrls,
                version,
                minClusterVersion,
                dialTimeout,
                redialInterval,
                readTimeout,
                writeTimeout,
                probeInterval,
                limit);
    }

    /** Between two signs of life on a stream, and between two looks whether it takes anything. */
    Duration heartbeatInterval() {
        return (readTimeout.compareTo(writeTimeout) < 0 ? readTimeout : writeTimeout).dividedBy(3);
    }
}
