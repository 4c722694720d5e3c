/**
 * Which release the cluster works as: {@link dev.cairn.server.version.VersionMonitor} decides it on the leader,
 * {@link dev.cairn.server.version.Downgrades} lets operators take it back by one minor release.
 *
 * <p>Versions are decided through the log; {@link dev.cairn.server.membership.Cluster} holds what was decided.
 */
@NullMarked
package dev.cairn.server.version;

import org.jspecify.annotations.NullMarked;
