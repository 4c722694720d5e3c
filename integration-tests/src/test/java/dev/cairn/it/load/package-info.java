/**
 * Many clients of one cluster that write down what they asked for and what they were told, and the check of it all: over real gRPC, with
 * the checkers that the simulation uses.
 *
 * <p>Read first: {@link dev.cairn.it.load.Load}.
 *
 * <p>Threads: one for each client, one that looks after all watchers; answers to watchers come on gRPC's.
 */
@NullMarked
package dev.cairn.it.load;

import org.jspecify.annotations.NullMarked;
