package dev.cairn.server.tracing;

import dev.cairn.server.api.Proposer;
import io.grpc.ServerServiceDefinition;

/** Leaves everything as it is. Thread-safe. */
final class NoTracing implements Tracing {
    @Override
    public ServerServiceDefinition traced(ServerServiceDefinition service) {
        return service;
    }

    @Override
    public Proposer traced(Proposer proposer) {
        return proposer;
    }

    @Override
    public void close() {}
}
