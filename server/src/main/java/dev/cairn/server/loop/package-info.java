/**
 * The loops that drive consensus: proposals and messages into the Raft core, what it decides into the log and on to the
 * apply loop.
 *
 * <p>Read first: {@link dev.cairn.server.loop.RaftLoop}, the only owner of the Raft core;
 * {@link dev.cairn.server.loop.LogLoop}, the only writer of the log; {@link dev.cairn.server.loop.Proposals}, requests under
 * way. The loops meet in bounded mailboxes alone, so several of them may share a thread: a member that is the only voter
 * runs raft, log and apply on one, which saves it two hand-overs for every batch.
 */
@NullMarked
package dev.cairn.server.loop;

import org.jspecify.annotations.NullMarked;
