/**
 * From a data directory, empty or not, to what the loops start with: log, Raft storage and store, checked against each
 * other.
 *
 * <p>{@link dev.cairn.server.bootstrap.Bootstrap} decides between founding a cluster and restarting a member. It runs once,
 * on the thread that starts the server, and changes nothing in a directory that it refuses.
 */
@NullMarked
package dev.cairn.server.bootstrap;

import org.jspecify.annotations.NullMarked;
