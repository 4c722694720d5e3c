package dev.cairn.server.apply;

import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.server.thread.Duty;
import dev.cairn.server.thread.Mailbox;
import dev.cairn.server.thread.QueueView;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Applies committed entries in log order. Fed by the Raft loop; confined to its own thread. Blocks only where the store
 * pushes back, because what waits to be written to disk has reached its bound.
 *
 * <p>After a start, and after an exchange of the store, it attaches the keys that the store holds to their leases, in steps: one whenever it has applied what
 * there was, one after the other while there is nothing to apply. A step is no work for which anything waits: a thread that is to stop does so between two.
 *
 * <p>The applied index is published after the entry's effects are visible to readers, so whoever sees the index sees the
 * effects.
 */
public final class ApplyLoop implements Duty {
    /** The core has at most one batch of bounded size under way, so the mailbox cannot fill. */
    private static final int QUEUED_MAX = 4096;

    /** Hears of each applied entry. Called on the apply loop. */
    public interface EntryListener {
        void applied(long index, long term);
    }

    private final Applier applier;
    private final EntryListener onEntry;
    private final Mailbox<Message> inbox;
    private final BiConsumer<Message, List<ConfChange>> onApplied;
    private volatile long appliedIndex;

    /** Whether a step is due as soon as there is nothing else to do, and since when. */
    private boolean attaching;

    private long nowNanos;
    private @Nullable Installation installation;
    private Consumer<Message> onInstalled = message -> {};

    /** Exchanges the store for that of a snapshot. Called on the apply loop. */
    public interface Installation {
        void install(Snapshot snapshot) throws IOException;
    }

    /**
     * @param appliedIndex the last entry that the store holds already
     * @param onEntry hears each entry when it is applied
     * @param onApplied hears each batch when all of it is applied, with the changes of membership that the core has to
     *     make
     * @param wake wakes the thread that runs this loop
     */
    public ApplyLoop(
            Applier applier,
            long appliedIndex,
            EntryListener onEntry,
            BiConsumer<Message, List<ConfChange>> onApplied,
            Runnable wake) {
        this.applier = applier;
        this.onEntry = onEntry;
        this.appliedIndex = appliedIndex;
        this.onApplied = onApplied;
        this.inbox = new Mailbox<>(QUEUED_MAX, Long.MAX_VALUE, message -> 1, wake);
    }

    /**
     * Names who exchanges the store, and who hears that it is done; to be set before the loop runs, where snapshots can come in at all.
     */
    public void installBy(Installation newInstallation, Consumer<Message> whenInstalled) {
        installation = newInstallation;
        onInstalled = whenInstalled;
    }

    /** Goes on with the snapshot that the message carries, behind everything that was submitted before. Raft loop only. */
    public void install(Message message) {
        submit(message);
    }

    /** Applies the entries that the message carries. Raft loop only. */
    public void submit(Message message) {
        if (!inbox.offer(message)) {
            throw new IllegalStateException("more batches wait to be applied than the core may have under way");
        }
    }

    /** The last entry whose effects readers can see. Any thread. */
    public long appliedIndex() {
        return appliedIndex;
    }

    private void install(Message message, Snapshot snapshot) throws IOException {
        Installation installer = installation;
        if (installer == null) {
            throw new IllegalStateException("a snapshot came in, and nobody can install it");
        }
        installer.install(snapshot);
        appliedIndex = snapshot.metadata().index();
        onEntry.applied(snapshot.metadata().index(), snapshot.metadata().term());
        onInstalled.accept(message);
    }

    @Override
    public int doWork(long nowNanos) throws IOException {
        int work = applyAll();
        attaching = applier.attachMore();
        this.nowNanos = nowNanos;
        return work;
    }

    @Override
    public long nextDeadlineNanos() {
        return attaching ? nowNanos : Long.MAX_VALUE;
    }

    private int applyAll() throws IOException {
        int work = 0;
        Message batch;
        while ((batch = inbox.poll()) != null) {
            Snapshot snapshot = batch.snapshot();
            if (snapshot != null) {
                install(batch, snapshot);
                work++;
                continue;
            }
            List<ConfChange> confChanges = List.of();
            for (Entry entry : batch.entries()) {
                if (entry.index() <= appliedIndex) {
                    continue;
                }
                ConfChange change = applier.apply(entry);
                if (change != null) {
                    confChanges = confChanges.isEmpty() ? new ArrayList<>() : confChanges;
                    confChanges.add(change);
                }
                appliedIndex = entry.index();
                onEntry.applied(entry.index(), entry.term());
                work++;
            }
            onApplied.accept(batch, confChanges);
            work++;
        }
        return work;
    }

    /** What waits here. */
    public QueueView queue() {
        return inbox;
    }
}
