package dev.cairn.server.config;

import java.time.Duration;
import java.util.List;

/**
 * Immutable. The service through which founders find each other, and how to talk to it.
 *
 * @param token of the cluster that is to be found
 * @param endpoints with or without a scheme; never empty
 * @param certFile empty where none is given, as all file names and texts here
 */
public record DiscoverySettings(
        String token,
        List<String> endpoints,
        Duration dialTimeout,
        Duration requestTimeout,
        Duration keepAliveTime,
        Duration keepAliveTimeout,
        boolean insecureTransport,
        boolean insecureSkipVerify,
        String certFile,
        String keyFile,
        String caFile,
        String user,
        String password) {
    public DiscoverySettings {
        endpoints = List.copyOf(endpoints);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "discovery of " + token + " at " + endpoints;
    }
}
