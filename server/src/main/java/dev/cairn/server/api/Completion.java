package dev.cairn.server.api;

/**
 * Where the one outcome of a request goes. Exactly one of the two is called, once, on whatever thread comes to know the
 * outcome; neither may block.
 */
public interface Completion<T> {
    void complete(T value);

    void fail(EtcdError error);

    /** Whether nobody waits for the outcome any more; what was not begun yet may then be dropped. Any thread may ask. */
    default boolean isAbandoned() {
        return false;
    }
}
