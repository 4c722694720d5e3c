package dev.cairn.peers;

/** Bytes from another member are not what the protocol says. The connection that brought them must be closed. */
public final class MalformedMessageException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedMessageException(String reason) {
        super(reason);
    }
}
