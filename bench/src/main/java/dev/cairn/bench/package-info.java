/**
 * The bench: our server and a real etcd side by side on one machine, in pairs of runs whose order alternates, so that a change of the machine's
 * mood meets both.
 *
 * <p>{@link dev.cairn.bench.Bench} is the command. For each {@link dev.cairn.bench.Work} of each pair a fresh {@link dev.cairn.bench.Server} is
 * started, filled and warmed up; then etcd's own load generator ({@link dev.cairn.bench.ClosedLoop}) gives throughput and CPU, and ours ({@link
 * dev.cairn.bench.OpenLoop}) latency at a rate that is the same for both. {@link dev.cairn.bench.Report} makes a table and a plot of it. Nothing
 * depends on this module.
 */
@NullMarked
package dev.cairn.bench;

import org.jspecify.annotations.NullMarked;
