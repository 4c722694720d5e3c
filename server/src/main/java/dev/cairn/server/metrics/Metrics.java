package dev.cairn.server.metrics;

import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.concurrent.Executor;

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
    public final OwnMetrics own = new OwnMetrics(registry);
    private final RuntimeFigures runtime = new RuntimeFigures(registry);
    private volatile Executor loader = Runnable::run;

    private final Gauge scrapesInFlight =
            registry.gauge("promhttp_metric_handler_requests_in_flight", "Scrapes that are being answered.");
    private final Family<Counter> scrapes =
            registry.counters("promhttp_metric_handler_requests_total", "Scrapes by status.", "code");
    private final Counter scrapesAnswered = scrapes.with("200");
    public final ProxyMetrics proxy = new ProxyMetrics(registry);

    public Metrics() {
        // Known from the start, as in etcd.
        scrapes.with("500");
        scrapes.with("503");
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

    /** Registers the series of scheduled backups. To be called once, before the port serves, where backups are scheduled. */
    public BackupMetrics backups() {
        return new BackupMetrics(registry);
    }

    /** The catalogue as a table: name, type, labels and bounds of each family, divided by tabs. */
    List<String> declared() {
        return registry.declared();
    }

    /** How many files the process may have open; NaN where the system does not tell. */
    public static double openFilesMax() {
        return ProcessFigures.openFilesMax();
    }

    /** Names who loads what is shown from the second scrape on; otherwise the first scrape waits for it. */
    public void loadBy(Executor executor) {
        loader = executor;
    }

    /** All series with their current values in Prometheus' text format; the call is counted in them. */
    public String render() {
        scrapesInFlight.increment();
        runtime.load(loader);
        try {
            return registry.render();
        } finally {
            scrapesInFlight.decrement();
            scrapesAnswered.increment();
        }
    }
}
