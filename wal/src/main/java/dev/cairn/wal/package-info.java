/**
 * The durable log: etcd's write-ahead log segments and {@code .snap} files, byte for byte, so that etcd's own tools read
 * them and a data directory can move between the two servers.
 *
 * <p>Raft decides what to write, the server's log thread writes it here and makes it durable before anything is
 * acknowledged. A failed sync is final: the file's content is then unknown, and the process must stop.
 *
 * <p>Read first: {@link dev.cairn.wal.WalFormat} (the layout), {@link dev.cairn.wal.WalWriter} (what may be called when),
 * {@link dev.cairn.wal.WalTail} (what is repaired and what is refused).
 *
 * <p>A member starts like this: {@link dev.cairn.wal.WalReader#validSnapshots} says which snapshots count,
 * {@link dev.cairn.wal.SnapStore} loads the newest of them, {@link dev.cairn.wal.WalRepair} cuts a torn tail off,
 * {@link dev.cairn.wal.WalReader#openForAppend} reads the entries behind the snapshot, and
 * {@link dev.cairn.wal.WalWriter#resume} goes on from there.
 *
 * <p>Readers and writers are confined to one thread each. The caller's helper thread prepares segments. The package does
 * not know what entries mean, and has no clock, thread or metric of its own.
 */
@NullMarked
package dev.cairn.wal;

import org.jspecify.annotations.NullMarked;
