/**
 * gRPC over HTTP/2 for one purpose: many small calls at little cost. It stands between the sockets and the services, which are written
 * against grpc-java's own types ({@link io.grpc.ServerCallHandler}, {@link io.grpc.Metadata}, {@link io.grpc.ServerStreamTracer}) and do not
 * notice; grpc-java's transport can take its place and is what it is compared with in tests. gRPC's interoperability tests and h2spec judge both
 * (in {@code integration-tests}, package {@code dev.cairn.it.conformance}).
 *
 * <p>Read first: {@link dev.cairn.http2.GrpcConnection} (one connection: its states, its owner, its bounds), then {@link
 * dev.cairn.http2.GrpcStream} (one call's stream), {@link dev.cairn.http2.StreamCall} (what the service holds of it) and {@link
 * dev.cairn.http2.GrpcConnections} (all connections of a port, and how they end).
 *
 * <p>Defined in RFC 9113 (HTTP/2), RFC 7541 (header compression, whose decoder is Netty's) and gRPC's "gRPC over HTTP2". What makes it
 * cheap: everything of a connection happens on its event loop, answers from other threads wait in one queue and are written in one go,
 * answers are written straight into the connection's buffer, and headers are sent as constants that need no table.
 */
@NullMarked
package dev.cairn.http2;

import org.jspecify.annotations.NullMarked;
