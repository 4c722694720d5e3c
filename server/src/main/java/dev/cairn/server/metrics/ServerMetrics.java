package dev.cairn.server.metrics;

import static dev.cairn.server.metrics.Histogram.doubling;

/** Thread-safe. The series about the member: leadership, proposals, requests, leases, alarms, health; each field is named like its series without the prefix. */
public final class ServerMetrics {
    public final Family<Gauge> clusterVersion;
    public final Gauge authRevision;
    public final Counter leaseGrantedTotal;
    public final Counter leaseRenewedTotal;
    public final Counter leaseRevokedTotal;
    public final Histogram leaseTtlTotal;
    public final Family<Gauge> alarms;
    public final Counter leaseExpiredTotal;
    public final Histogram watchSendLoopControlStreamDurationSeconds;
    public final Histogram watchSendLoopProgressDurationSeconds;
    public final Histogram watchSendLoopWatchStreamDurationPerEventSeconds;
    public final Histogram watchSendLoopWatchStreamDurationSeconds;
    public final Counter storeExpiresTotal;
    public final Family<Counter> storeReadsFailedTotal;
    public final Family<Counter> storeReadsTotal;
    public final Counter storeWatchRequestsTotal;
    public final Gauge storeWatchers;
    public final Family<Counter> storeWritesFailedTotal;
    public final Family<Counter> storeWritesTotal;
    public final Family<Histogram> applyDurationSeconds;
    public final Family<Counter> clientRequestsTotal;
    public final Family<Gauge> featureEnabled;
    public final Family<Gauge> goVersion;
    public final Gauge hasLeader;
    public final Counter healthFailures;
    public final Counter healthSuccess;
    public final Family<Gauge> healthcheck;
    public final Family<Counter> healthchecksTotal;
    public final Counter heartbeatSendFailuresTotal;
    public final Family<Gauge> id;
    public final Gauge isLeader;
    public final Gauge isLearner;
    public final Counter leaderChangesSeenTotal;
    public final Family<Counter> learnerPromoteFailures;
    public final Counter learnerPromoteSuccesses;
    public final Gauge proposalsAppliedTotal;
    public final Gauge proposalsCommittedTotal;
    public final Counter proposalsFailedTotal;
    public final Gauge proposalsPending;
    public final Gauge quotaBackendBytes;
    public final Family<Histogram> rangeDurationSeconds;
    public final Counter readIndexesFailedTotal;
    public final Family<Histogram> requestDurationSeconds;
    public final Counter slowApplyTotal;
    public final Counter slowReadIndexesTotal;
    public final Gauge snapshotApplyInProgressTotal;
    public final Family<Gauge> version;

    ServerMetrics(Registry registry) {
        clusterVersion = registry.gauges(
                "etcd_cluster_version",
                "Constant 1, label holds major.minor of the cluster version.",
                "cluster_version");
        authRevision = registry.gauge("etcd_debugging_auth_revision", "Revision counter of the auth store.");
        leaseGrantedTotal = registry.counter("etcd_debugging_lease_granted_total", "Leases granted.");
        leaseRenewedTotal = registry.counter(
                "etcd_debugging_lease_renewed_total", "Lease renewals handled by this node as leader.");
        leaseRevokedTotal = registry.counter("etcd_debugging_lease_revoked_total", "Leases revoked.");
        leaseTtlTotal = registry.histogram(
                "etcd_debugging_lease_ttl_total", "TTLs (seconds) of granted leases.", doubling(1, 24));
        alarms = registry.gauges("etcd_debugging_server_alarms", "1 per active alarm.", "server_id", "alarm_type");
        leaseExpiredTotal = registry.counter("etcd_debugging_server_lease_expired_total", "Leases that expired.");
        watchSendLoopControlStreamDurationSeconds = registry.histogram(
                "etcd_debugging_server_watch_send_loop_control_stream_duration_seconds",
                "Time per control message in the watch send loop.",
                doubling(0.001, 14));
        watchSendLoopProgressDurationSeconds = registry.histogram(
                "etcd_debugging_server_watch_send_loop_progress_duration_seconds",
                "Time per progress round in the watch send loop.",
                doubling(0.001, 14));
        watchSendLoopWatchStreamDurationPerEventSeconds = registry.histogram(
                "etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds",
                "Time per event in the watch send loop.",
                doubling(0.001, 14));
        watchSendLoopWatchStreamDurationSeconds = registry.histogram(
                "etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds",
                "Time per watch response in the watch send loop.",
                doubling(0.001, 14));
        storeExpiresTotal = registry.counter("etcd_debugging_store_expires_total", "V2 store expirations (stays 0).");
        storeReadsFailedTotal =
                registry.counters("etcd_debugging_store_reads_failed_total", "V2 store failed reads.", "action");
        storeReadsTotal = registry.counters("etcd_debugging_store_reads_total", "V2 store reads by action.", "action");
        storeWatchRequestsTotal =
                registry.counter("etcd_debugging_store_watch_requests_total", "V2 store watch requests (stays 0).");
        storeWatchers = registry.gauge("etcd_debugging_store_watchers", "V2 store watchers (stays 0).");
        storeWritesFailedTotal =
                registry.counters("etcd_debugging_store_writes_failed_total", "V2 store failed writes.", "action");
        storeWritesTotal =
                registry.counters("etcd_debugging_store_writes_total", "V2 store writes by action.", "action");
        applyDurationSeconds = registry.histograms(
                "etcd_server_apply_duration_seconds",
                "Time to apply one entry, by operation.",
                doubling(0.0001, 20),
                "op",
                "success",
                "version");
        clientRequestsTotal = registry.counters(
                "etcd_server_client_requests_total",
                "Client requests by type (unary or stream) and client API version (unknown without the metadata).",
                "client_api_version",
                "type");
        featureEnabled = registry.gauges("etcd_server_feature_enabled", "1 or 0 per feature gate.", "name", "stage");
        goVersion =
                registry.gauges("etcd_server_go_version", "Constant 1, runtime version as label.", "server_go_version");
        hasLeader = registry.gauge("etcd_server_has_leader", "1 if a leader is known.");
        healthFailures = registry.counter("etcd_server_health_failures", "Failed /health checks.");
        healthSuccess = registry.counter("etcd_server_health_success", "Passed /health checks.");
        healthcheck =
                registry.gauges("etcd_server_healthcheck", "Last result of each livez/readyz check.", "name", "type");
        healthchecksTotal = registry.counters(
                "etcd_server_healthchecks_total", "Results of livez/readyz checks.", "name", "status", "type");
        heartbeatSendFailuresTotal = registry.counter(
                "etcd_server_heartbeat_send_failures_total", "Leader heartbeats delayed beyond 2 x interval.");
        id = registry.gauges("etcd_server_id", "Constant 1, member ID in hex as label.", "server_id");
        isLeader = registry.gauge("etcd_server_is_leader", "1 if leader.");
        isLearner = registry.gauge("etcd_server_is_learner", "1 if learner.");
        leaderChangesSeenTotal = registry.counter(
                "etcd_server_leader_changes_seen_total", "Leader changes seen (the first election counts).");
        learnerPromoteFailures =
                registry.counters("etcd_server_learner_promote_failures", "Failed promotions by reason.", "Reason");
        learnerPromoteSuccesses = registry.counter("etcd_server_learner_promote_successes", "Successful promotions.");
        proposalsAppliedTotal =
                registry.gauge("etcd_server_proposals_applied_total", "Applied raft index (declared gauge).");
        proposalsCommittedTotal =
                registry.gauge("etcd_server_proposals_committed_total", "Committed raft index (declared gauge).");
        proposalsFailedTotal = registry.counter("etcd_server_proposals_failed_total", "Failed proposals.");
        proposalsPending = registry.gauge("etcd_server_proposals_pending", "Proposals in flight.");
        quotaBackendBytes = registry.gauge("etcd_server_quota_backend_bytes", "Effective quota in bytes.");
        rangeDurationSeconds = registry.histograms(
                "etcd_server_range_duration_seconds", "Time of range execution.", doubling(0.0001, 20), "success");
        readIndexesFailedTotal =
                registry.counter("etcd_server_read_indexes_failed_total", "Failed read index requests.");
        requestDurationSeconds = registry.histograms(
                "etcd_server_request_duration_seconds",
                "Time of unary raft requests and reads by type.",
                doubling(0.001, 14),
                "success",
                "type");
        slowApplyTotal = registry.counter("etcd_server_slow_apply_total", "Applies slower than the warning threshold.");
        slowReadIndexesTotal =
                registry.counter("etcd_server_slow_read_indexes_total", "Slow or timed out read index requests.");
        snapshotApplyInProgressTotal =
                registry.gauge("etcd_server_snapshot_apply_in_progress_total", "1 while applying a received snapshot.");
        version = registry.gauges("etcd_server_version", "Constant 1, server version as label.", "server_version");
    }
}
