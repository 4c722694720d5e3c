/**
 * The {@code etcdutl} command: what is done to the files of a member that does not run. Its words are those of etcd's tool where that has
 * them. It stands beside the server, whose code it calls; nothing calls it.
 */
@NullMarked
package dev.cairn.etcdutl;

import org.jspecify.annotations.NullMarked;
