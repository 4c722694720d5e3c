/**
 * Whole clusters in one thread from one seed: the real Raft core, loops, log and stores, on simulated time, network, disks and
 * clocks, with clients whose histories are checked.
 *
 * <p>Read first: {@link dev.cairn.sim.Simulation} (a run), {@link dev.cairn.sim.SimMember} (the server's parts, wired), {@link
 * dev.cairn.sim.SimScheduler} (time and chance), {@link dev.cairn.sim.PlantedBug} (what it must find).
 *
 * <p>Confined to the thread of the test. Nothing here may read a clock, draw from another source of chance or start a thread: two
 * runs of a seed must be the same, event by event.
 */
@NullMarked
package dev.cairn.sim;

import org.jspecify.annotations.NullMarked;
