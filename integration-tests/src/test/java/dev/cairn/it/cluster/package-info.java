/**
 * Clusters of several processes, ours alone and together with etcd's own: what a client sees of them while members die, come
 * back, join and leave.
 *
 * <p>Read {@link dev.cairn.it.cluster.Group} first.
 */
@NullMarked
package dev.cairn.it.cluster;

import org.jspecify.annotations.NullMarked;
