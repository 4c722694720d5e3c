package dev.cairn.server.metrics;

/** Thread-safe. The series of the gRPC proxy, which is another process; a member shows them all the same, as in etcd. */
public final class ProxyMetrics {
    public final Gauge cacheHitsTotal;
    public final Gauge cacheKeysTotal;
    public final Gauge cacheMissesTotal;
    public final Counter eventsCoalescingTotal;
    public final Gauge watchersCoalescingTotal;

    ProxyMetrics(Registry registry) {
        cacheHitsTotal = registry.gauge("etcd_grpc_proxy_cache_hits_total", "Cache hits of the proxy.");
        cacheKeysTotal = registry.gauge("etcd_grpc_proxy_cache_keys_total", "Cached keys of the proxy.");
        cacheMissesTotal = registry.gauge("etcd_grpc_proxy_cache_misses_total", "Cache misses of the proxy.");
        eventsCoalescingTotal =
                registry.counter("etcd_grpc_proxy_events_coalescing_total", "Events merged by the proxy.");
        watchersCoalescingTotal =
                registry.gauge("etcd_grpc_proxy_watchers_coalescing_total", "Watchers merged by the proxy.");
    }
}
