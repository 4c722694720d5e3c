package dev.cairn.etcdutl;

/** A command cannot do what it is asked to: the message is for its user. */
final class CommandException extends Exception {
    private static final long serialVersionUID = 1;

    /** What etcd's tool ends with: something went wrong; an output that there is not; arguments that do not fit. */
    static final int FAILURE = 1;

    static final int BAD_FEATURE = 4;
    static final int BAD_ARGUMENTS = 128;

    private final int exit;

    CommandException(String message, int exit) {
        super(message);
        this.exit = exit;
    }

    /** With what the process ends. */
    int exit() {
        return exit;
    }
}
