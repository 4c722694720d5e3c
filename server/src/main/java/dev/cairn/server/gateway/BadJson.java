package dev.cairn.server.gateway;

/** A text that is not JSON, or not the JSON of the message that it should be. The message says so in etcd's words. */
final class BadJson extends Exception {
    private static final long serialVersionUID = 1L;

    BadJson(String message) {
        // Clients make mistakes at any rate they like; where in this code they were found is nobody's concern.
        super(message, null, false, false);
    }
}
