package dev.cairn.v2;

/** The events that a client waits for. Everything is called where the store answers. */
public interface EventStream {
    /** Where events go, each a line of JSON. */
    interface Sink {
        /** Whether the reader keeps up. */
        boolean isWritable();

        void write(String event);

        /** There are no more. */
        void end();
    }

    /** Begins to send. Called once. */
    void begin(Sink sink);

    /** The reader has caught up. */
    void onWritable();

    /** The client has gone. Harmless when repeated. */
    void cancel();
}
