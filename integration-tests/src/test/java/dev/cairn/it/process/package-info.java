/**
 * Servers and command line tools as processes: the only package of the integration tests that starts one.
 *
 * <p>Read first: {@link dev.cairn.it.process.Programs} (which binaries), {@link dev.cairn.it.process.ServerProcess} (one
 * server with its data directory), {@link dev.cairn.it.process.Command} (a tool that runs to its end), {@link dev.cairn.it.process.Network} (machines for servers, whose
 * ways to each other can be cut).
 *
 * <p>Threads: one daemon thread for each running process carries its output away; everything else runs on the caller's.
 */
@NullMarked
package dev.cairn.it.process;

import org.jspecify.annotations.NullMarked;
