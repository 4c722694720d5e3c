package dev.cairn.server.config;

/**
 * Where spans of calls go. Immutable.
 *
 * @param address host and port of the collector
 * @param serviceName the same for all members
 * @param instanceId different for each member; empty for none
 * @param samplesPerMillion of the calls whose client has not decided already; 0 for none of them
 */
public record TracingConfig(String address, String serviceName, String instanceId, long samplesPerMillion) {}
