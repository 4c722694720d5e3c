/** Backups and database files, judged by etcd's own tools and by the real bbolt. */
@NullMarked
package dev.cairn.it.backup;

import org.jspecify.annotations.NullMarked;
