/**
 * What members say to each other over HTTP/1.1.
 *
 * <p>{@link dev.cairn.server.peer.PeerPort} holds the sockets, {@link dev.cairn.server.peer.PeerPages} says which path is answered by
 * whom: questions about the member (members, version, digests) and about what only a leader knows (leases, promotions).
 * {@link dev.cairn.server.peer.PeerClient} is the asking side, with {@link dev.cairn.server.peer.PeerQuestions}, {@link
 * dev.cairn.server.peer.PeerHashClient}, {@link dev.cairn.server.peer.ForwardedLeases} and {@link
 * dev.cairn.server.peer.ForwardedPromotion} upon it. {@link dev.cairn.server.peer.PeerConnections} connects the loops with the transport of
 * Raft messages, whose paths are below {@code /raft}.
 *
 * <p>Thread rule: handlers run on event loops and never block; what reads the whole store goes to an executor.
 */
@NullMarked
package dev.cairn.server.peer;

import org.jspecify.annotations.NullMarked;
