/**
 * The sockets: the clients' port, which speaks gRPC and HTTP/1.1, and the listeners for HTTP/1.1 alone that other ports are made of.
 *
 * <p>Read first: {@link dev.cairn.server.net.ClientPort} (binding, serving, stopping), {@code FirstBytesHandler} (which protocol a
 * connection speaks), {@code Http1Handler} (requests and answers in order).
 *
 * <p>Thread rule: everything of a connection happens on its event loop; event loops never block. Only this package sees Netty. It
 * uses three of the RPC library's internal hooks, which have kept their form for five years; they are named in {@code
 * GrpcNegotiator}, the only class that touches them.
 */
@NullMarked
package dev.cairn.server.net;

import org.jspecify.annotations.NullMarked;
