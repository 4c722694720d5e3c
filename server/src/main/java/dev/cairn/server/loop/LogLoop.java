package dev.cairn.server.loop;

import dev.cairn.failpoint.FailPoint;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.thread.Duty;
import dev.cairn.server.thread.Mailbox;
import dev.cairn.server.thread.QueueView;
import dev.cairn.wal.SnapStore;
import dev.cairn.wal.WalWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The only writer of the log. It takes all that waits, appends it, syncs once, and tells the Raft loop what is durable:
 * while it syncs, the next batch gathers (group commit without a timer).
 *
 * <p>A commit index alone needs no sync: it can be learnt again. It is not even written by itself but goes out with the
 * next entries, before a snapshot record, and at the end.
 *
 * <p>Fed by the Raft loop. Confined to its thread. Blocks on the disk only. A failed write or sync ends the loop and with
 * it the process; nothing that was not synced is ever reported durable.
 */
public final class LogLoop implements Duty {
    private static final int QUEUED_MAX = 4096;
    private static final long QUEUED_BYTES_MAX = 256L << 20;

    /** What the Raft loop asks of the log. */
    private sealed interface Work permits Append, MarkSnapshot {}

    private record Append(Message message) implements Work {}

    private record MarkSnapshot(SnapshotMetadata snapshot, Runnable done) implements Work {}

    private final WalWriter wal;
    private final SnapStore snapshots;
    private final Consumer<Message> onDurable;
    private final Mailbox<Work> inbox;
    /** What goes out with the next write: the entries of one or more messages, and the messages they came in. */
    private final List<Entry> entries = new ArrayList<>();

    private final List<Message> gathered = new ArrayList<>();
    private HardState written;
    private HardState latest;
    private volatile long busySinceNanos;
    private volatile boolean busy;

    /** The newest snapshot that was recorded since the start. */
    private long recordedIndex;

    /**
     * @param snapshots where snapshots that come from a leader are saved
     * @param hardState what the log holds already
     * @param onDurable hears each append message once it is durable, in order
     * @param wake wakes the thread that runs this loop
     */
    public LogLoop(
            WalWriter wal, HardState hardState, SnapStore snapshots, Consumer<Message> onDurable, Runnable wake) {
        this.wal = wal;
        this.snapshots = snapshots;
        this.written = hardState;
        this.latest = hardState;
        this.onDurable = onDurable;
        this.inbox = new Mailbox<>(QUEUED_MAX, QUEUED_BYTES_MAX, LogLoop::sizeBytes, wake);
    }

    /**
     * Appends what a storage message carries. The Raft loop keeps what is under way within the core's own limits, far
     * below the bound of the mailbox.
     */
    void append(Message message) {
        offer(new Append(message));
    }

    /** Records that a snapshot at this place is on disk, and lets go of the segments before it. Any thread. */
    public void markSnapshot(SnapshotMetadata snapshot, Runnable done) {
        offer(new MarkSnapshot(snapshot, done));
    }

    /** Whether so much waits to be written that nothing should be added to it. Any thread. */
    boolean isBehind() {
        return inbox.size() > QUEUED_MAX / 2 || inbox.bytes() > QUEUED_BYTES_MAX / 2;
    }

    /** For how long the loop has been busy with the same turn, most of which it spends with the disk. Any thread. */
    public long busyNanos(long nowNanos) {
        return busy ? Math.max(0, nowNanos - busySinceNanos) : 0;
    }

    @Override
    public int doWork(long nowNanos) throws IOException {
        if (inbox.isEmpty()) {
            return 0;
        }
        busySinceNanos = nowNanos;
        busy = true;
        int work = work();
        busy = false;
        return work;
    }

    private int work() throws IOException {
        int work = 0;
        Work next;
        while ((next = inbox.poll()) != null) {
            work++;
            if (next instanceof Append append) {
                gather(append.message());
            } else if (next instanceof MarkSnapshot mark) {
                write();
                mark(mark);
            }
        }
        write();
        return work;
    }

    @Override
    public void onHandOver() {
        wal.handOver();
    }

    @Override
    public void onStop() throws IOException {
        writeHardState();
    }

    private void mark(MarkSnapshot mark) throws IOException {
        if (mark.snapshot().index() <= recordedIndex) {
            // One from the leader came in between: the records go forward, and the log is read from the newest.
            return;
        }
        writeHardState();
        FailPoint.RAFT_BEFORE_WAL_SAVE_SNAPHOT.hit();
        wal.saveSnapshot(mark.snapshot());
        recordedIndex = mark.snapshot().index();
        release();
        mark.done().run();
    }

    /**
     * A snapshot from the leader: first its file, then its record, then the commit index without which the record does not count, all of it
     * durable before anybody hears of it and thereby before the store is exchanged.
     */
    private void recordSnapshot(Message message, Snapshot snapshot) throws IOException {
        write();
        FailPoint.RAFT_BEFORE_SAVE_SNAP.hit();
        snapshots.save(snapshot);
        FailPoint.RAFT_BEFORE_WAL_SAVE_SNAPHOT.hit();
        wal.saveSnapshot(snapshot.metadata());
        FailPoint.RAFT_AFTER_SAVE_SNAP.hit();
        recordedIndex = snapshot.metadata().index();
        remember(message);
        wal.append(message.entries(), latest);
        written = latest;
        wal.sync();
        release();
        onDurable.accept(message);
    }

    /** Lets go of the segments before the newest snapshot: a start does not read them any more. */
    private void release() throws IOException {
        wal.release(recordedIndex);
        FailPoint.RAFT_AFTER_WAL_RELEASE.hit();
    }

    private void gather(Message message) throws IOException {
        Snapshot snapshot = message.snapshot();
        if (snapshot != null) {
            recordSnapshot(message, snapshot);
            return;
        }
        List<Entry> more = message.entries();
        if (!more.isEmpty() && !entries.isEmpty() && more.get(0).index() != lastGathered() + 1) {
            // A new leader takes entries back: they must not go out in one batch with what replaces them.
            write();
        }
        entries.addAll(more);
        gathered.add(message);
        remember(message);
    }

    private void remember(Message message) {
        if (message.term() != 0 || message.vote() != 0 || message.commit() != 0) {
            latest = new HardState(message.term(), message.vote(), message.commit());
        }
    }

    /** Makes durable what has gathered, and tells. */
    private void write() throws IOException {
        boolean voted = latest.term() != written.term() || latest.vote() != written.vote();
        if (!entries.isEmpty() || voted) {
            FailPoint.RAFT_BEFORE_SAVE.hit();
            wal.append(entries, latest);
            written = latest;
            wal.sync();
            FailPoint.RAFT_AFTER_SAVE.hit();
            entries.clear();
        }
        for (Message durable : gathered) {
            onDurable.accept(durable);
        }
        gathered.clear();
    }

    private void writeHardState() throws IOException {
        if (!latest.equals(written)) {
            wal.append(List.of(), latest);
            written = latest;
        }
    }

    private long lastGathered() {
        return entries.get(entries.size() - 1).index();
    }

    private void offer(Work work) {
        if (!inbox.offer(work)) {
            throw new IllegalStateException("the log has more to write than the core may have under way");
        }
    }

    private static long sizeBytes(Work work) {
        if (work instanceof Append append) {
            return Entry.payloadBytes(append.message().entries());
        }
        return 0;
    }

    /** What waits here. */
    public QueueView queue() {
        return inbox;
    }
}
