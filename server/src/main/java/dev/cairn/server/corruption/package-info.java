/**
 * Whether the members hold the same data: their digests are compared, and whoever differs gets the CORRUPT alarm.
 *
 * <p>{@link dev.cairn.server.corruption.CorruptionCheck} holds the three comparisons and knows who is wrong;
 * {@link dev.cairn.server.corruption.CorruptionDuty} says when they run. Comparing reads whole stores and waits for the network, so it
 * has a thread of its own, which is gone while there is nothing to compare. How peers are asked is behind
 * {@link dev.cairn.server.corruption.PeerHashes}.
 */
@NullMarked
package dev.cairn.server.corruption;

import org.jspecify.annotations.NullMarked;
