/**
 * How founders find each other without being told: by records of the domain name system ({@link dev.cairn.server.discovery.SrvDiscovery}),
 * or through keys that they put at another etcd ({@link dev.cairn.server.discovery.Registry}, which talks through
 * {@link dev.cairn.server.discovery.DiscoveryService}). Both end with the text of an initial cluster. Everything here belongs to the
 * thread that starts the member and blocks, some of it for as long as the other founders take to come.
 */
@NullMarked
package dev.cairn.server.discovery;

import org.jspecify.annotations.NullMarked;
