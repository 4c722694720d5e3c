/**
 * Named places at which tests make the server fail: etcd's 45 names, its terms, and its control by environment and HTTP, so that etcd's
 * own fault tests can drive this server. {@code docs/fail-points.md} tells how to use them.
 *
 * <p>Read first: {@link dev.cairn.failpoint.FailPoint} (the names, and what stands at the places), {@link
 * dev.cairn.failpoint.FailPoints} (how they are switched on), {@code Terms} (what a place can be told to do).
 *
 * <p>Thread-safe. Unless the environment asks for fail points at the start, nothing here runs: a place costs nothing.
 *
 * <p>The package knows nothing of the places, and does not end the process itself: whoever opens the control says how.
 */
@NullMarked
package dev.cairn.failpoint;

import org.jspecify.annotations.NullMarked;
