/**
 * Watches: from the events that the apply loop publishes, once for each revision, to the encoded responses of each client's
 * stream.
 *
 * <p>Read first: {@link dev.cairn.watch.WatchHub}, {@link dev.cairn.watch.WatchStream}, and the proof in {@code CatchUp} that
 * each watcher gets each event exactly once. The server stands behind two ports, {@link dev.cairn.watch.WatchOutput} and
 * {@link dev.cairn.watch.HeaderSource}, and the store behind {@code RevisionLog}.
 *
 * <p>Threads: the apply loop publishes, each stream lives on its transport's executor, one thread catches up. Locks, in
 * the order in which they are taken: the publisher's, a backlog's. Nobody reads the log or calls a client while it holds one.
 *
 * <p>It knows nothing of Raft, of permissions or of gRPC.
 */
@NullMarked
package dev.cairn.watch;

import org.jspecify.annotations.NullMarked;
