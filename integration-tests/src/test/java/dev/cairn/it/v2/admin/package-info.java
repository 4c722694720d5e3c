/**
 * The v2 API beside keys, as its users meet it: ours next to etcd 3.4, the last release with a complete one.
 *
 * <p>Read first: {@link dev.cairn.it.v2.admin.Etcd34Programs} (where that etcd comes from), {@link dev.cairn.it.v2.admin.Exchange} (a request
 * and what makes two answers the same), {@link dev.cairn.it.v2.admin.CtlSession} (a script for etcdctl).
 *
 * <p>Threads: everything runs on the test's.
 */
@NullMarked
package dev.cairn.it.v2.admin;

import org.jspecify.annotations.NullMarked;
