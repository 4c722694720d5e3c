/**
 * The subcommands {@code etcd gateway} and {@code etcd grpc-proxy}. The module stands above {@code server}: it uses the server's port, TLS,
 * names, pages, metrics and log, and the server knows nothing of it (it finds subcommands as services). Nothing here knows a store, a log
 * or Raft.
 *
 * <p>Read first: {@link dev.cairn.proxy.GatewayCommand} (connections passed on as they are), {@link dev.cairn.proxy.GrpcProxyCommand}
 * (calls answered for members), {@code docs/proxy.md}.
 *
 * <p>Thread rule: a command runs on the main thread until everything serves; from then on the event loops do all work.
 */
@NullMarked
package dev.cairn.proxy;

import org.jspecify.annotations.NullMarked;
