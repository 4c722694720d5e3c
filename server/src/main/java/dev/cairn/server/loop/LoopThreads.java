package dev.cairn.server.loop;

import dev.cairn.server.thread.Duty;
import dev.cairn.server.thread.DutyThread;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/**
 * Which thread runs which of the three loops. A member alone runs them together on one: there is nobody to send heartbeats to while
 * the disk syncs, and every batch is spared two hand-overs. As soon as there is another member, each has a thread of its own, so
 * that the Raft loop never waits for the disk.
 *
 * <p><b>The way from one to the other</b> leads in one direction only, and a member that was left alone goes back with its next start.
 * It is taken by the thread that ran all three, between two rounds, when none of them is at work: it gives the log and the apply
 * loop away by starting their threads, which makes all that it did visible to them, and keeps the Raft loop. The loops meet in
 * mailboxes alone, so none of them notices. Work that is offered meanwhile is not overlooked: who offers it wakes the common thread
 * before the change became visible, and then the new thread finds it in its first round; or wakes the new thread after.
 *
 * <p>Started and stopped by one thread; the wake-ups may come from any.
 */
public final class LoopThreads {
    private final DutyThread raft;
    private final DutyThread log;
    private final DutyThread apply;
    private final BooleanSupplier alone;
    private volatile boolean apart;

    /**
     * @param alone whether nobody else belongs to the cluster, as far as the Raft loop has applied; asked on the Raft loop's thread
     * @param onFailure hears the thread's name and what a loop has thrown
     */
    public LoopThreads(BooleanSupplier alone, BiConsumer<String, Throwable> onFailure) {
        this.alone = alone;
        raft = new DutyThread("etcd-raft", onFailure);
        log = new DutyThread("etcd-log", onFailure);
        apply = new DutyThread("etcd-apply", onFailure);
    }

    /** @param together whether the member starts as the only one */
    public void start(Duty raftLoop, Duty logLoop, Duty applyLoop, boolean together) {
        if (together) {
            raft.start(List.of(raftLoop, logLoop, applyLoop, new Parting(raftLoop, logLoop, applyLoop)));
        } else {
            apart = true;
            log.start(List.of(logLoop));
            apply.start(List.of(applyLoop));
            raft.start(List.of(raftLoop));
        }
    }

    public void wakeRaft() {
        raft.wake();
    }

    public void wakeLog() {
        (apart ? log : raft).wake();
    }

    public void wakeApply() {
        (apart ? apply : raft).wake();
    }

    /** Ends the Raft loop first; then the others finish what it has given them. */
    public void stop() {
        raft.stop();
        if (apart) {
            log.stop();
            apply.stop();
        }
    }

    /** The last duty of the common thread: when it has its turn, none of the others is at work. */
    private final class Parting implements Duty {
        private final Duty raftLoop;
        private final Duty logLoop;
        private final Duty applyLoop;

        Parting(Duty raftLoop, Duty logLoop, Duty applyLoop) {
            this.raftLoop = raftLoop;
            this.logLoop = logLoop;
            this.applyLoop = applyLoop;
        }

        @Override
        public int doWork(long nowNanos) {
            if (alone.getAsBoolean()) {
                return 0;
            }
            raft.keep(List.of(raftLoop));
            logLoop.onHandOver();
            applyLoop.onHandOver();
            apart = true;
            log.start(List.of(logLoop));
            apply.start(List.of(applyLoop));
            return 1;
        }
    }
}
