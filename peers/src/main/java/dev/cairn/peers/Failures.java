package dev.cairn.peers;

/** Words for what went wrong on the network. Stateless. */
final class Failures {
    private Failures() {}

    /** The message, or the kind where there is no message. */
    static String text(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isEmpty() ? failure.getClass().getSimpleName() : message;
    }
}
