/**
 * The members of the cluster as the log has made them: identities, URLs, names, the cluster version; and how they are changed.
 *
 * <p>{@link dev.cairn.server.membership.Cluster} is written by the apply loop and read by any thread through immutable
 * views. It knows how etcd derives IDs and how it writes members down. {@link
 * dev.cairn.server.membership.Reconfiguration} checks a change before it is proposed; {@link
 * dev.cairn.server.membership.RaftGroup} is the port to the Raft loop, {@link
 * dev.cairn.server.membership.PeerActivity} the one to the connections, of which this package knows nothing else.
 */
@NullMarked
package dev.cairn.server.membership;

import org.jspecify.annotations.NullMarked;
