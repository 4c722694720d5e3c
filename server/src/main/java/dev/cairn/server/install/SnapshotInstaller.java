package dev.cairn.server.install;

import dev.cairn.auth.AuthStore;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.lease.Lessor;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreReplacement;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.ApplyLoop;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.snapshot.SnapshotDuty;
import dev.cairn.watch.WatchHub;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exchanges the store of a running member for that of a snapshot, and has everybody who keeps something of the store in memory load it
 * anew. Confined to the apply loop, between two entries; the log has the snapshot by then.
 *
 * <p>The order: leases before the store attaches keys to them, everything else before the watchers are told that revisions have jumped.
 */
public final class SnapshotInstaller implements ApplyLoop.Installation {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotInstaller.class);

    /** What is restored from the new store. */
    public record Parts(
            MvccStore store,
            Lessor lessor,
            AuthStore users,
            Alarms alarms,
            Cluster cluster,
            WatchHub watches,
            SnapshotDuty snapshots) {}

    private final Parts parts;
    private final IncomingSnapshots incoming;
    private final Executor waiting;
    private final Runnable removedSelf;

    /**
     * @param waiting runs what waits for the last readers of the old store
     * @param removedSelf hears when the snapshot says that this member does not belong to the cluster any more
     */
    public SnapshotInstaller(Parts parts, IncomingSnapshots incoming, Executor waiting, Runnable removedSelf) {
        this.parts = parts;
        this.incoming = incoming;
        this.waiting = waiting;
        this.removedSelf = removedSelf;
    }

    @Override
    public void install(Snapshot snapshot) throws IOException {
        long begun = System.nanoTime();
        long index = snapshot.metadata().index();
        long before = parts.store().currentRevision();
        FailPoint.APPLY_BEFORE_OPEN_SNAPSHOT.hit();
        try (StoreReplacement newer = incoming.take(snapshot.metadata())) {
            retire(parts.store().replace(newer));
        }
        FailPoint.APPLY_AFTER_OPEN_SNAPSHOT.hit();
        parts.lessor().restore();
        parts.store().setLeases(parts.lessor());
        parts.users().restore();
        parts.alarms().restore();
        parts.cluster().restore();
        parts.snapshots().onInstalled(index);
        parts.watches().onRestore();
        incoming.installed(index);
        LOG.atInfo()
                .setMessage("applied snapshot")
                .addKeyValue("snapshot-index", index)
                .addKeyValue("revision-before", before)
                .addKeyValue("revision", parts.store().currentRevision())
                .addKeyValue("took", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun) + "ms")
                .log();
        if (parts.cluster().view().removed().contains(parts.cluster().identity().memberId())) {
            removedSelf.run();
        }
    }

    private void retire(MvccStore.Retired old) {
        try {
            waiting.execute(old::close);
        } catch (RejectedExecutionException e) {
            // The member is stopping, and its files with it.
            LOG.atDebug().setMessage("left the old store open").log();
        }
    }
}
