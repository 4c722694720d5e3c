/**
 * The bench: our server and a real etcd side by side on one machine, in pairs of runs whose order alternates, so that a change of the machine's
 * mood meets both.
 *
 * <p>{@link dev.cairn.bench.Bench} is the command. It has each {@link dev.cairn.bench.work.Work} run at both servers, keeps what they have shown as
 * {@link dev.cairn.bench.Results}, and makes a {@link dev.cairn.bench.Table} and {@link dev.cairn.bench.Plot}s of them. {@link
 * dev.cairn.bench.RoundTrip} is a command of its own. Nothing depends on this module.
 */
@NullMarked
package dev.cairn.bench;

import org.jspecify.annotations.NullMarked;
