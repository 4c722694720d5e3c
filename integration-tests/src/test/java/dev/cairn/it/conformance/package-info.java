/**
 * What judges protocols and knows nothing of etcd, run against the client port on both of its transports, ours and grpc-java's: gRPC's
 * interoperability tests, with the client of another implementation, and h2spec.
 *
 * <p>Read first: {@link dev.cairn.it.conformance.GrpcInteropTest}, {@link dev.cairn.it.conformance.H2SpecTest}; their exceptions, each with
 * its reason, are {@link dev.cairn.it.conformance.H2SpecExceptions}.
 *
 * <p>Threads: the tests' own; {@link dev.cairn.it.conformance.CallProxy} has two for each connection.
 */
@NullMarked
package dev.cairn.it.conformance;

import org.jspecify.annotations.NullMarked;
