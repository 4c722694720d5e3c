package dev.cairn.server.names;

/** A name that could not be looked up; the message is the one that operators of etcd know. */
public final class UnknownNameException extends Exception {
    private static final long serialVersionUID = 1L;

    public UnknownNameException(String name, String reason) {
        super("lookup " + name + ": " + reason);
    }
}
