/**
 * The gRPC services: they check what a request says by itself, hand it to the member, and write the answer.
 *
 * <p>Everything here runs on the event loops of the client port or on whatever thread completes a request, and never
 * blocks. Read first: {@link dev.cairn.server.api.EtcdError}, the one table of what clients are told;
 * {@link dev.cairn.server.rpc.Guard}, which stands before every method; {@link dev.cairn.server.rpc.RequestChecks};
 * {@link dev.cairn.server.rpc.KvService}. The services know neither the log
 * nor how entries are applied.
 */
@NullMarked
package dev.cairn.server.rpc;

import org.jspecify.annotations.NullMarked;
