/**
 * Whole stores that come in: etcd's database file becomes our store, and our store is exchanged for one.
 *
 * <p>Three ways lead here: a leader sends a snapshot to the running member ({@link dev.cairn.server.install.IncomingSnapshots}, then
 * {@code SnapshotInstaller}); the member died between receiving one and exchanging its store; the data directory is etcd's own (both
 * {@link dev.cairn.server.install.StoreRecovery}, at the start). {@code DatabaseImport} is what they share. Docs/decisions/0005 says in which
 * order things become durable, and why a crash at any moment leaves a member that starts.
 *
 * <p>The other direction, stores that go out, is {@code dev.cairn.server.backup}.
 */
@NullMarked
package dev.cairn.server.install;

import org.jspecify.annotations.NullMarked;
