/**
 * The consensus core: a deterministic state machine that turns ticks, messages and proposals into a {@code Ready}.
 *
 * <p>Read {@link dev.cairn.raft.RaftNode} first: it is the only entrance and lists the closed set of inputs. Then
 * {@link dev.cairn.raft.Ready}, the only output, and {@code RaftMachine}, which holds the state and the table of role
 * transitions. {@link dev.cairn.raft.RaftStorage} is the port to the log.
 *
 * <p>It owns no thread, clock, file, socket or source of chance of its own: the same inputs give the same outputs, so a
 * whole cluster runs in one thread under the simulator. It knows nothing of stores, requests or wire formats. All of it
 * is confined to the thread that drives it, the raft loop of the server; only the values it hands out may travel.
 *
 * <p>Behaviour and log lines are those of etcd's raft library, message by message, so that members of both kinds form
 * one group. A broken invariant throws {@link java.lang.IllegalStateException} and leaves the node unusable: the
 * process must stop, because whatever follows could lose acknowledged data.
 *
 * <p>Outside the core only this package and {@code dev.cairn.raft.message} may be used; {@code quorum}, {@code progress}
 * and {@code membership} are its parts.
 */
@NullMarked
package dev.cairn.raft;

import org.jspecify.annotations.NullMarked;
