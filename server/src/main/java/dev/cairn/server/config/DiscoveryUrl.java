package dev.cairn.server.config;

/**
 * Immutable. Where founders find each other through keys of the v2 API.
 *
 * @param url of the token's directory; it is also the salt of the new cluster's IDs
 * @param proxy through which the service is asked; empty for none
 * @param wantsProxy whether a member that comes too late was to become a proxy, which it cannot
 */
public record DiscoveryUrl(String url, String proxy, boolean wantsProxy) {}
