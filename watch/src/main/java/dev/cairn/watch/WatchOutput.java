package dev.cairn.watch;

/**
 * The way back to one client: a port that the server puts on its transport. {@link #isReady}, {@link #send} and
 * {@link #fail} are called on the stream's executor only; {@link #execute} is called by any thread.
 */
public interface WatchOutput {
    /** Why the stream cannot go on. The server's error table gives code and text of each. */
    enum Failure {
        /** The hub was closed: the member stops. */
        STOPPED,
        /** One revision's events do not fit into one message, and the watcher did not ask for fragments. */
        RESPONSE_TOO_LARGE,
        /** The client went on sending although {@link WatchStream#acceptsRequests} said no. */
        TOO_MANY_REQUESTS,
    }

    /**
     * Whether the transport takes another response without buffering more than its own small limit. Once this has
     * answered false, the transport calls {@link WatchStream#onReady} on the stream's executor when it has become ready.
     */
    boolean isReady();

    /** Takes a response. The transport may hold it as long as it likes: it is immutable. */
    void send(EncodedResponse response);

    /**
     * Runs the task on the stream's executor, after the tasks given before it, never inside this call. Must not block, and
     * drops the task once the stream's executor is gone.
     */
    void execute(Runnable task);

    /** Ends the stream from our side; nothing is sent after it. */
    void fail(Failure failure);
}
