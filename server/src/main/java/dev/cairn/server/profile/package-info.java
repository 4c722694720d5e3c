/**
 * What an operator looks at inside a running process: what stands here for Go's profiles under {@code /debug/pprof/}.
 *
 * <p>Read first: {@link dev.cairn.server.profile.ProfilePages}. Thread rule: handlers run on event loops and hand everything that takes
 * time to one thread of their own; at most one recording is made at a time.
 */
@NullMarked
package dev.cairn.server.profile;

import org.jspecify.annotations.NullMarked;
