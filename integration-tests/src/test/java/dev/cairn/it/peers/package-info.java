/**
 * The peer protocol beside the real etcd: a consensus core without a server behind it stands in one group with a real member.
 *
 * <p>{@link dev.cairn.it.peers.RawMember} is the core with its transport; {@link dev.cairn.it.peers.PeerWireTest} lets it join, follow and lead.
 */
@NullMarked
package dev.cairn.it.peers;

import org.jspecify.annotations.NullMarked;
