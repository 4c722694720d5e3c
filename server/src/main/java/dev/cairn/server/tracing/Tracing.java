package dev.cairn.server.tracing;

import dev.cairn.server.api.Proposer;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.config.TracingConfig;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Makes spans of calls, or nothing at all. Thread-safe. */
public interface Tracing extends AutoCloseable {
    /** Tracing as configured. */
    static Tracing of(ServerConfig config) {
        Optional<TracingConfig> on = config.tracing();
        // A reference to the method would load the library in any case.
        return on.isPresent() ? OpenTelemetryTracing.start(on.get()) : new NoTracing();
    }

    /** The same service, whose calls leave spans. */
    ServerServiceDefinition traced(ServerServiceDefinition service);

    /** The same way into the log, noted in the span of the call that takes it. */
    Proposer traced(Proposer proposer);

    /** Sends what waits, for a short time at most. */
    @Override
    void close();
}
