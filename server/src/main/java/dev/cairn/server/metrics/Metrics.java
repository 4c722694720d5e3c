package dev.cairn.server.metrics;

import io.grpc.ServerServiceDefinition;
import java.util.List;

/**
 * Thread-safe. Everything a member counts. Made once by main and handed to whoever counts; there is no global one, so that several
 * members can live in one process.
 */
public final class Metrics {
    private final Registry registry = new Registry();

    public final ServerMetrics server = new ServerMetrics(registry);
    public final MvccMetrics mvcc = new MvccMetrics(registry);
    public final DiskMetrics disk = new DiskMetrics(registry);
    public final NetworkMetrics network = new NetworkMetrics(registry);
    public final ProxyMetrics proxy = new ProxyMetrics(registry);

    public Metrics() {
        ProcessFigures.addTo(registry);
    }

    /**
     * Registers the series of the services. To be called once, before the port serves.
     *
     * @param extensive adds the latencies of calls
     */
    public GrpcMetrics grpc(List<ServerServiceDefinition> services, boolean extensive) {
        return new GrpcMetrics(registry, network, services, extensive);
    }

    /** The catalogue as a table: name, type, labels and bounds of each family, divided by tabs. */
    List<String> declared() {
        return registry.declared();
    }

    /** How many files the process may have open; NaN where the system does not tell. */
    public static double openFilesMax() {
        return ProcessFigures.openFilesMax();
    }

    /** All series with their current values in Prometheus' text format. */
    public String render() {
        return registry.render();
    }
}
