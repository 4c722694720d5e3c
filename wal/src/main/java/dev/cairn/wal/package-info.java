/**
 * The durable log: etcd's write-ahead log segments and {@code .snap} files, byte for byte, so that etcd's own tools read
 * them and a data directory can move between the two servers.
 *
 * <p>Raft decides what to write, the server's log thread writes it here and makes it durable before anything is
 * acknowledged. A failed sync is final: the file's content is then unknown, and the process must stop.
 */
@NullMarked
package dev.cairn.wal;

import org.jspecify.annotations.NullMarked;
