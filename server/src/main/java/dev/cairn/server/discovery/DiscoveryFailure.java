package dev.cairn.server.discovery;

import org.jspecify.annotations.Nullable;

/** Why a cluster could not be found through the discovery service, or one of the attempts to. */
final class DiscoveryFailure extends Exception {
    private static final long serialVersionUID = 1L;

    DiscoveryFailure(String message) {
        this(message, null);
    }

    DiscoveryFailure(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
