/**
 * {@code v3lockpb.Lock} and {@code v3electionpb.Election}: locks and elections as etcd makes them out of keys, leases,
 * transactions and watches. Nothing here has state of its own that would have to survive: a lock is a key.
 *
 * <p>Whoever wants a lock puts a key of its own under the lock's name, bound to its lease; the key with the lowest create
 * revision holds. Everybody else watches the key just before its own, so that one release wakes one waiting call.
 *
 * <p>Read first: {@link dev.cairn.server.concurrency.MemberCalls}, the port to the member;
 * {@code Contender}, the steps of a call that waits; {@code Predecessors}, the wait itself.
 *
 * <p>Thread rule: a call belongs to the event loop of its connection. It begins there, its inner calls are answered there,
 * its cancellation comes there; no thread waits. The inner calls are made in the caller's own context and by the same
 * services that clients call, so that they need what a client needs who makes a lock by itself. This package must not know
 * the store, the log or the lessor.
 */
@NullMarked
package dev.cairn.server.concurrency;

import org.jspecify.annotations.NullMarked;
