/**
 * The members of the cluster as the log has made them: identities, URLs, names, the cluster version.
 *
 * <p>{@link dev.cairn.server.membership.Cluster} is written by the apply loop and read by any thread through immutable
 * views. It knows how etcd derives IDs and how it writes members down; it knows nothing of connections.
 */
@NullMarked
package dev.cairn.server.membership;

import org.jspecify.annotations.NullMarked;
