/**
 * What clients of a cluster saw, and whether it can have come from one etcd that works: linearizability of keys, transactions and
 * leases with requests of unknown outcome, old and serializable reads, the guarantees of watches.
 *
 * <p>Read first: {@link dev.cairn.testing.history.Operation} (what a client notes), {@link
 * dev.cairn.testing.history.Linearizability} (the search for an order), {@link dev.cairn.testing.history.WatchGuarantees}.
 *
 * <p>Everything is confined to one thread or immutable. The package knows nothing of servers, wires or clocks: times are any
 * numbers that grow, so that the simulation and tests over real clients can use it alike.
 */
@NullMarked
package dev.cairn.testing.history;

import org.jspecify.annotations.NullMarked;
