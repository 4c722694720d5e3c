/**
 * The consensus core: a deterministic state machine that turns ticks, messages and proposals into a {@code Ready}.
 *
 * <p>It owns no thread, clock, file, socket or source of chance of its own: the same inputs give the same outputs, so a
 * whole cluster runs in one thread under the simulator. It knows nothing of stores, requests or wire formats. All of it is
 * confined to the thread that drives it, the raft loop of the server.
 */
@NullMarked
package dev.cairn.raft;

import org.jspecify.annotations.NullMarked;
