/**
 * What members say to each other: etcd's peer protocol, from {@code raft} messages to bytes on sockets and back.
 *
 * <p>Read {@link dev.cairn.peers.PeerTransport} first, the only entrance; then {@link dev.cairn.peers.RaftHost}, the port to the member
 * that it serves, and {@link dev.cairn.peers.StreamWriter} and {@link dev.cairn.peers.StreamReader}, the two ends of a stream. {@link
 * dev.cairn.peers.RaftHttpHandler} is the serving side: it goes behind the HTTP codec of every connection to a peer URL.
 *
 * <pre>
 *   send:     PeerTransport - Peer - StreamWriter (msgapp, message)   messages into the answer of a request that the peer has made
 *                                  - Pipeline                         one POST a message, while there is no stream
 *                                  - SnapshotSender                   one POST a snapshot, on a connection of its own
 *   receive:  StreamReader, RaftHttpHandler - Inbox - RaftHost
 * </pre>
 *
 * <p>Threads: everything runs on the event loops that the host lends, and never blocks them; reading and writing snapshots goes to an
 * executor that the host lends. What may be called from elsewhere says so. All queues are bounded: what does not fit is dropped and
 * reported as unreachable, which is what Raft expects of a network.
 *
 * <p>It knows nothing of stores, of membership rules or of who listens on the peer URLs.
 */
@NullMarked
package dev.cairn.peers;

import org.jspecify.annotations.NullMarked;
