/**
 * TLS and the ports: our server and the real etcd with the same certificates, asked by openssl, curl and etcdctl; files that change under
 * load.
 *
 * <p>Read first: {@link dev.cairn.it.tls.Authority} (certificates of every kind), {@code TlsDuel} (two servers, one probe).
 */
@NullMarked
package dev.cairn.it.tls;

import org.jspecify.annotations.NullMarked;
