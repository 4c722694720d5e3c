/**
 * What members say to each other over HTTP/1.1.
 *
 * <p>{@link dev.cairn.server.peer.PeerPort} holds the sockets, {@link dev.cairn.server.peer.PeerPages} says which path is answered by
 * whom: questions about the member (members, version, digests) and about what only a leader knows (leases, promotions).
 * {@link dev.cairn.server.peer.PeerHashClient} is the asking side. The exchange of Raft messages has its paths below {@code /raft};
 * its handlers are to be added to the router of {@code PeerPages}, beside the probe.
 *
 * <p>Thread rule: handlers run on event loops and never block; what reads the whole store goes to an executor.
 */
@NullMarked
package dev.cairn.server.peer;

import org.jspecify.annotations.NullMarked;
