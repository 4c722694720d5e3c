package dev.cairn.peers;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Takes the database of one snapshot that arrives. Driven by one job after the other on the host's executor for what blocks; ended by exactly
 * one call of {@link #commit} or {@link #abort}.
 */
public interface SnapshotSink {
    /** More bytes, to be taken before the method returns. */
    void write(ByteBuffer bytes) throws IOException;

    /** All is there: makes it durable and gives it its name. When this fails, nothing is left behind. */
    void commit() throws IOException;

    /** The transfer broke off, or {@link #write} failed: removes what there is. */
    void abort();
}
