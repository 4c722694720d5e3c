package dev.cairn.server.backup;

import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreImage;
import dev.cairn.peers.SnapshotSource;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.loop.LogHolds;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.ConfStateFormat;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.V2StoreFormat;
import dev.cairn.server.thread.NanoClock;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The snapshots that the core wants sent to members that are too far behind.
 *
 * <p>The core's message names a place of the past. What is sent is the store as it is now: the image says which entry it ends with, and place,
 * term and membership in the message are taken from the image itself, so that message and database cannot differ.
 *
 * <p>{@link #send} is called by the Raft loop and does nothing but queue. The image is taken, and its length reckoned, on the executor;
 * the database is made while it is sent. Apply loop and log go on meanwhile; what is compacted waits for the image, and the log in memory
 * keeps the entries behind it until the receiver has had the time to ask for them.
 *
 * <p><b>Bounds.</b> At most {@link #SNAPSHOTS_MAX} members at a time, one snapshot for each; what is too much is reported as failed, and the
 * core tries again. Each takes the memory of a client's backup (see {@link SnapshotStreams}).
 */
public final class OutgoingSnapshots {
    /** As many as etcd has under way. */
    public static final int SNAPSHOTS_MAX = 16;

    /** How long the entries behind a snapshot that has arrived are kept. */
    private static final long CATCH_UP_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final Logger LOG = LoggerFactory.getLogger(OutgoingSnapshots.class);

    private final Identity identity;
    private final MvccStore store;
    private final LogHolds holds;
    private final Executor executor;
    private final LongConsumer onLost;

    private NanoClock clock = NanoClock.SYSTEM;

    /** The members that are being sent a snapshot. */
    private final Set<Long> underWay = ConcurrentHashMap.newKeySet();

    /**
     * @param executor prepares, one snapshot at a time
     * @param onLost hears of a member whose snapshot did not get as far as the transport
     */
    public OutgoingSnapshots(
            Identity identity, MvccStore store, LogHolds holds, Executor executor, LongConsumer onLost) {
        this.identity = identity;
        this.store = store;
        this.holds = holds;
        this.executor = executor;
        this.onLost = onLost;
    }

    /** Tells the time by another clock; before anything else. */
    public void useClock(NanoClock newClock) {
        clock = newClock;
    }

    /**
     * The core wants the member in the message to have a snapshot. Raft loop; never blocks.
     *
     * @param transport takes what is prepared, on any thread, and reports by itself how it ends
     */
    public void send(Message message, Consumer<SnapshotSource> transport) {
        long member = message.to();
        if (underWay.size() >= SNAPSHOTS_MAX || !underWay.add(member)) {
            onLost.accept(member);
            return;
        }
        // The core goes on behind the place that it knows, not behind that of the image.
        Snapshot known = message.snapshot();
        LogHolds.Hold hold = holds.hold(known == null ? 0 : known.metadata().index());
        try {
            executor.execute(() -> prepare(message, hold, transport));
        } catch (RejectedExecutionException e) {
            lost(member, hold);
        }
    }

    private void lost(long member, LogHolds.Hold hold) {
        hold.release();
        underWay.remove(member);
        onLost.accept(member);
    }

    private void prepare(Message message, LogHolds.Hold hold, Consumer<SnapshotSource> transport) {
        Outgoing outgoing;
        try {
            outgoing = new Outgoing(message, hold);
        } catch (RuntimeException e) {
            LOG.atWarn()
                    .setMessage("failed to prepare a database snapshot")
                    .addKeyValue("remote-peer-id", Identity.hex(message.to()))
                    .setCause(e)
                    .log();
            lost(message.to(), hold);
            return;
        }
        transport.accept(outgoing);
    }

    private final class Outgoing implements SnapshotSource {
        private final Message message;
        private final LogHolds.Hold hold;
        private final DatabaseSource database;

        Outgoing(Message wanted, LogHolds.Hold hold) {
            this.hold = hold;
            StoreImage image = store.image();
            try {
                Cluster.View members = new Cluster(identity, new ImageTables(image)).view();
                SnapshotMetadata metadata = new SnapshotMetadata(
                        ConfStateFormat.confState(members),
                        image.applied().index(),
                        image.applied().term());
                message = wanted.toBuilder()
                        .snapshot(new Snapshot(V2StoreFormat.encode(members), metadata))
                        .build();
                database = new DatabaseSource(image, members.storageVersion());
                boolean planned = false;
                while (!planned) {
                    planned = database.plan();
                }
            } catch (RuntimeException e) {
                image.close();
                throw e;
            }
        }

        @Override
        public Message message() {
            return message;
        }

        @Override
        public InputStream open() {
            return new DatabaseStream(database);
        }

        @Override
        public void release(boolean delivered) {
            database.close();
            if (delivered) {
                hold.releaseAt(clock.nanos() + CATCH_UP_NANOS);
            } else {
                hold.release();
            }
            underWay.remove(message.to());
        }
    }

    /** The database as a stream. Confined to one thread at a time. */
    private static final class DatabaseStream extends InputStream {
        private final DatabaseSource database;
        private final byte[] single = new byte[1];

        DatabaseStream(DatabaseSource database) {
            this.database = database;
        }

        @Override
        public int read() {
            return read(single, 0, 1) < 0 ? -1 : single[0] & 0xFF;
        }

        @Override
        public int read(byte[] to, int offset, int length) {
            if (length == 0) {
                return 0;
            }
            ByteBuffer room = ByteBuffer.wrap(to, offset, length);
            database.fill(room);
            int count = length - room.remaining();
            return count == 0 ? -1 : count;
        }
    }
}
