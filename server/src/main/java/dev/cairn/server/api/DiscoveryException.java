package dev.cairn.server.api;

/** The cluster was not found through the discovery service; its token may have been used before. */
public final class DiscoveryException extends StartException {
    private static final long serialVersionUID = 1L;

    public DiscoveryException(String reason, Throwable cause) {
        super("failed to join discovery cluster (" + reason + ")", cause);
    }
}
