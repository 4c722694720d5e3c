package dev.cairn.http2;

import java.time.Duration;

/**
 * How a port treats its connections.
 *
 * @param messageBytesMax how long a message of a client may be, after decompression
 * @param metadataBytesMax how long all headers of a call may be together
 * @param concurrentStreamsMax how many calls of one connection may be under way
 * @param keepAlive after how long without a word the client is asked whether it is there; zero for never
 * @param keepAliveTimeout how long it may take to answer then
 * @param pingIntervalMin pings of a client that come sooner than this, again and again, end its connection
 * @param settingsLimit how long a client may take to say its first words
 */
public record GrpcSettings(
        int messageBytesMax,
        int metadataBytesMax,
        int concurrentStreamsMax,
        Duration keepAlive,
        Duration keepAliveTimeout,
        Duration pingIntervalMin,
        Duration settingsLimit) {
    /** Whether silent clients are asked whether they are there. */
    public boolean keepsAlive() {
        return isPositive(keepAlive) && isPositive(keepAliveTimeout);
    }

    private static boolean isPositive(Duration duration) {
        return !duration.isZero() && !duration.isNegative();
    }
}
