/**
 * Clusters of several processes, ours alone and together with etcd's own: what a client sees of them while members die, come
 * back, join and leave.
 *
 * <p>Read {@link dev.cairn.it.cluster.Group} first, then {@link dev.cairn.it.cluster.MixedGroupTest} (six mixes of ours and etcd's), {@link
 * dev.cairn.it.cluster.MigrationTest} (from etcd to us and back) and {@link dev.cairn.it.cluster.FaultsTest} (whatever happens to processes and their
 * network); what the clients of the last two note and check is in {@link dev.cairn.it.load}.
 */
@NullMarked
package dev.cairn.it.cluster;

import org.jspecify.annotations.NullMarked;
