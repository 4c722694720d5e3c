package dev.cairn.server.net;

import io.grpc.Context;
import io.grpc.HandlerRegistry;
import io.grpc.InternalServer;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What the reflection service takes for the server that it runs in: it asks the call's context for one, and that for its services, and
 * nothing else. Immutable.
 */
final class ReflectedServer extends Server {
    private final HandlerRegistry methods;

    private ReflectedServer(HandlerRegistry methods) {
        this.methods = methods;
    }

    /** The context of all calls of these methods. */
    static Context context(HandlerRegistry methods) {
        return Context.ROOT.withValue(InternalServer.SERVER_CONTEXT_KEY, new ReflectedServer(methods));
    }

    @Override
    public List<ServerServiceDefinition> getServices() {
        return methods.getServices();
    }

    @Override
    public List<ServerServiceDefinition> getImmutableServices() {
        return methods.getServices();
    }

    @Override
    public List<ServerServiceDefinition> getMutableServices() {
        return List.of();
    }

    @Override
    public Server start() {
        throw notDriven();
    }

    @Override
    public Server shutdown() {
        throw notDriven();
    }

    @Override
    public Server shutdownNow() {
        throw notDriven();
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        throw notDriven();
    }

    @Override
    public void awaitTermination() {
        throw notDriven();
    }

    private static UnsupportedOperationException notDriven() {
        return new UnsupportedOperationException("the listener is driven elsewhere");
    }
}
