/**
 * The keys of v2: beside Debian's etcd 3.4, which still serves them, and on clusters of ours.
 *
 * <p>Read first: {@link dev.cairn.it.v2.KeysDuelTest} (the same requests to both), {@link dev.cairn.it.v2.KeysClusterTest} (exactness and
 * waits across members).
 */
@NullMarked
package dev.cairn.it.v2;

import org.jspecify.annotations.NullMarked;
