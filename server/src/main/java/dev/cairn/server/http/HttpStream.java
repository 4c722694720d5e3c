package dev.cairn.server.http;

/**
 * The body of an answer that is sent in parts, or what is said over a web socket. Every method is called on the event loop of the
 * connection, one after the other.
 */
public interface HttpStream {
    /** Where the parts go. To be used on the event loop. */
    interface Sink {
        /** Whether the reader keeps up. What is written although it does not is kept in memory. */
        boolean isWritable();

        /** Sends a part at once; over a web socket it is one message. Nothing happens behind the end. */
        void write(byte[] part);

        /** The body is complete. A web socket ends with that. */
        void end();

        /** Whether more is to be read from a web socket. */
        void read(boolean more);
    }

    /** The head of the answer has been sent: now, or later, the parts follow. */
    void begin(Sink sink);

    /** The reader has caught up. */
    void onWritable();

    /** A message came over the web socket. */
    default void onMessage(byte[] message) {}
}
