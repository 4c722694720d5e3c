/**
 * Calls of clients, answered for the members of a cluster: from memory, together with those of other clients, or by passing them on.
 *
 * <p>Read first: {@link dev.cairn.proxy.rpc.Upstream} (the way to the members), {@link dev.cairn.proxy.rpc.KvProxy} (ranges from memory),
 * {@link dev.cairn.proxy.rpc.WatchProxy} with {@code WatchHub} (many watchers, one watch), {@link dev.cairn.proxy.rpc.LeaseProxy} (many renewals,
 * one renewal), {@link dev.cairn.proxy.rpc.Passage} (everything else).
 *
 * <p>Thread rule: calls come in on the event loops of clients, answers on those of the members' connections; nothing here blocks. What a client
 * is sent leaves on the event loop of its own connection where several threads could have something for it.
 */
@NullMarked
package dev.cairn.proxy.rpc;

import org.jspecify.annotations.NullMarked;
