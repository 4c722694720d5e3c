/**
 * Differential runs: the same calls go to our server and to a real etcd, and everything that comes back is compared.
 *
 * <p>Read first: {@link dev.cairn.it.oracle.DifferentialRun} (one run from a seed), {@link dev.cairn.it.oracle.CallSource}
 * (what is asked), {@link dev.cairn.it.oracle.Comparison} (what may differ: cluster, member and lease ids, the raft term,
 * remaining lifetimes, and the order among equal sort values; nothing else).
 *
 * <p>Threads: a run is confined to the test's thread; only the queues of {@link dev.cairn.it.oracle.WatchLane} are filled
 * by gRPC's. This package knows nothing about how either server works inside.
 */
@NullMarked
package dev.cairn.it.oracle;

import org.jspecify.annotations.NullMarked;
