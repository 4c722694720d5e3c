package dev.cairn.server.metrics;

import static dev.cairn.server.metrics.Histogram.doubling;

/** Thread-safe. The series about clients and peers; each field is named like its series without the prefix. */
public final class NetworkMetrics {
    public final Family<Gauge> activePeers;
    public final Counter clientGrpcReceivedBytesTotal;
    public final Counter clientGrpcSentBytesTotal;
    public final Family<Counter> disconnectedPeersTotal;
    public final Family<Gauge> knownPeers;
    public final Family<Counter> peerReceivedBytesTotal;
    public final Family<Counter> peerReceivedFailuresTotal;
    public final Family<Histogram> peerRoundTripTimeSeconds;
    public final Family<Counter> peerSentBytesTotal;
    public final Family<Counter> peerSentFailuresTotal;
    public final Family<Counter> serverStreamFailuresTotal;
    public final Family<Counter> snapshotReceiveFailures;
    public final Family<Gauge> snapshotReceiveInflightsTotal;
    public final Family<Counter> snapshotReceiveSuccess;
    public final Family<Histogram> snapshotReceiveTotalDurationSeconds;
    public final Family<Counter> snapshotSendFailures;
    public final Family<Gauge> snapshotSendInflightsTotal;
    public final Family<Counter> snapshotSendSuccess;
    public final Family<Histogram> snapshotSendTotalDurationSeconds;

    NetworkMetrics(Registry registry) {
        activePeers =
                registry.gauges("etcd_network_active_peers", "1 per live connection to a peer.", "Local", "Remote");
        clientGrpcReceivedBytesTotal = registry.counter(
                "etcd_network_client_grpc_received_bytes_total", "GRPC request bytes (protobuf size).");
        clientGrpcSentBytesTotal =
                registry.counter("etcd_network_client_grpc_sent_bytes_total", "GRPC response bytes (protobuf size).");
        disconnectedPeersTotal =
                registry.counters("etcd_network_disconnected_peers_total", "Lost peer connections.", "Local", "Remote");
        knownPeers = registry.gauges("etcd_network_known_peers", "1 per configured peer.", "Local", "Remote");
        peerReceivedBytesTotal =
                registry.counters("etcd_network_peer_received_bytes_total", "Raft bytes received per peer.", "From");
        peerReceivedFailuresTotal =
                registry.counters("etcd_network_peer_received_failures_total", "Failed receives from a peer.", "From");
        peerRoundTripTimeSeconds = registry.histograms(
                "etcd_network_peer_round_trip_time_seconds", "Probe round trip per peer.", doubling(0.0001, 16), "To");
        peerSentBytesTotal = registry.counters("etcd_network_peer_sent_bytes_total", "Raft bytes sent per peer.", "To");
        peerSentFailuresTotal =
                registry.counters("etcd_network_peer_sent_failures_total", "Failed sends to a peer.", "To");
        serverStreamFailuresTotal = registry.counters(
                "etcd_network_server_stream_failures_total",
                "Failed client streams (Type send/receive, API watch/lease-keepalive).",
                "Type",
                "API");
        snapshotReceiveFailures =
                registry.counters("etcd_network_snapshot_receive_failures", "Failed snapshot receives.", "From");
        snapshotReceiveInflightsTotal =
                registry.gauges("etcd_network_snapshot_receive_inflights_total", "Snapshots being received.", "From");
        snapshotReceiveSuccess =
                registry.counters("etcd_network_snapshot_receive_success", "Snapshots received.", "From");
        snapshotReceiveTotalDurationSeconds = registry.histograms(
                "etcd_network_snapshot_receive_total_duration_seconds",
                "Snapshot receive time.",
                doubling(0.1, 10),
                "From");
        snapshotSendFailures = registry.counters("etcd_network_snapshot_send_failures", "Failed snapshot sends.", "To");
        snapshotSendInflightsTotal =
                registry.gauges("etcd_network_snapshot_send_inflights_total", "Snapshots being sent.", "To");
        snapshotSendSuccess = registry.counters("etcd_network_snapshot_send_success", "Snapshots sent.", "To");
        snapshotSendTotalDurationSeconds = registry.histograms(
                "etcd_network_snapshot_send_total_duration_seconds", "Snapshot send time.", doubling(0.1, 10), "To");
    }
}
