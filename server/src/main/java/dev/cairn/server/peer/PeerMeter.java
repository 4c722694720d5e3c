package dev.cairn.server.peer;

import dev.cairn.peers.PeerListener;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.metrics.Histogram;
import dev.cairn.server.metrics.NetworkMetrics;

/** Counts what happens on the connections between members, in etcd's series. Thread-safe. */
public final class PeerMeter implements PeerListener {
    private final NetworkMetrics metrics;
    private final Histogram databaseSent;
    private final String local;

    /** @param databaseSent how long whole databases took to leave */
    public PeerMeter(NetworkMetrics metrics, Histogram databaseSent, long localId) {
        this.metrics = metrics;
        this.databaseSent = databaseSent;
        this.local = Identity.hex(localId);
    }

    @Override
    public void peerActive(long id) {
        metrics.activePeers.with(local, Identity.hex(id)).add(1);
    }

    @Override
    public void peerInactive(long id) {
        metrics.activePeers.with(local, Identity.hex(id)).add(-1);
        metrics.disconnectedPeersTotal.with(local, Identity.hex(id)).increment();
    }

    @Override
    public void sent(long id, long bytes) {
        metrics.peerSentBytesTotal.with(Identity.hex(id)).add(bytes);
    }

    @Override
    public void received(long id, long bytes) {
        metrics.peerReceivedBytesTotal.with(Identity.hex(id)).add(bytes);
    }

    @Override
    public void sendFailed(long id) {
        metrics.peerSentFailuresTotal.with(Identity.hex(id)).increment();
    }

    @Override
    public void receiveFailed(String from) {
        metrics.peerReceivedFailuresTotal.with(from).increment();
    }

    @Override
    public void roundTrip(long id, long nanos) {
        metrics.peerRoundTripTimeSeconds.with(Identity.hex(id)).observeNanos(nanos);
    }

    @Override
    public void snapshotSendBegun(long id) {
        metrics.snapshotSendInflightsTotal.with(Identity.hex(id)).add(1);
    }

    @Override
    public void snapshotSendEnded(long id, boolean delivered, long nanos) {
        String to = Identity.hex(id);
        metrics.snapshotSendInflightsTotal.with(to).add(-1);
        (delivered ? metrics.snapshotSendSuccess : metrics.snapshotSendFailures)
                .with(to)
                .increment();
        if (delivered) {
            metrics.snapshotSendTotalDurationSeconds.with(to).observeNanos(nanos);
            databaseSent.observeNanos(nanos);
        }
    }

    @Override
    public void snapshotReceiveBegun(long id) {
        metrics.snapshotReceiveInflightsTotal.with(Identity.hex(id)).add(1);
    }

    @Override
    public void snapshotReceiveEnded(long id, boolean saved, long nanos) {
        String from = Identity.hex(id);
        metrics.snapshotReceiveInflightsTotal.with(from).add(-1);
        (saved ? metrics.snapshotReceiveSuccess : metrics.snapshotReceiveFailures)
                .with(from)
                .increment();
        if (saved) {
            metrics.snapshotReceiveTotalDurationSeconds.with(from).observeNanos(nanos);
        }
    }

    @Override
    public void snapshotRefused() {
        metrics.snapshotReceiveFailures.with("unknown_snapshot_sender").increment();
    }
}
