package dev.cairn.http2;

/** What a client did that HTTP/2 does not allow: the connection ends if the stream is 0, otherwise the stream does. */
final class Violation extends Exception {
    private static final long serialVersionUID = 1;

    private final int stream;
    private final int error;

    private Violation(int stream, int error, String what) {
        // Whose bytes they are does not show in our stack, and a hostile client must not make us collect it.
        super(what, null, false, false);
        this.stream = stream;
        this.error = error;
    }

    static Violation ofConnection(int error, String what) {
        return new Violation(0, error, what);
    }

    static Violation ofStream(int stream, int error, String what) {
        return new Violation(stream, error, what);
    }

    int stream() {
        return stream;
    }

    int error() {
        return error;
    }
}
