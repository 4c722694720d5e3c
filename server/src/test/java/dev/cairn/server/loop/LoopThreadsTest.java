package dev.cairn.server.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.thread.Duty;
import dev.cairn.server.thread.Mailbox;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goal: the loops change threads without losing work. Method: duties that only say which thread ran them on what. */
@Timeout(60)
class LoopThreadsTest {
    private final AtomicBoolean alone = new AtomicBoolean(true);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final LoopThreads threads =
            new LoopThreads(alone::get, (thread, cause) -> failure.compareAndSet(null, cause));

    /** Counts what it takes, and notes who runs it. */
    private static final class Counting implements Duty {
        private final Mailbox<Integer> inbox;
        private final AtomicInteger taken = new AtomicInteger();
        private volatile String thread = "";
        private volatile boolean stopped;
        private volatile int handOvers;

        Counting(Runnable wake) {
            inbox = new Mailbox<>(Integer.MAX_VALUE, Long.MAX_VALUE, item -> 1, wake);
        }

        @Override
        public int doWork(long nowNanos) {
            thread = Thread.currentThread().getName();
            int work = 0;
            while (inbox.poll() != null) {
                taken.incrementAndGet();
                work++;
            }
            return work;
        }

        @Override
        public void onHandOver() {
            handOvers++;
        }

        @Override
        public void onStop() {
            stopped = true;
        }
    }

    private final Counting raft = new Counting(threads::wakeRaft);
    private final Counting log = new Counting(threads::wakeLog);
    private final Counting apply = new Counting(threads::wakeApply);

    /** Waits for a condition; the test's time limit bounds it. */
    private static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    @Test
    void shouldRunTogetherAloneAndApartInCompany() {
        threads.start(raft, log, apply, true);
        log.inbox.offer(1);
        apply.inbox.offer(1);
        until(() -> log.taken.get() == 1 && apply.taken.get() == 1);
        assertThat(log.thread).isEqualTo("etcd-raft");
        assertThat(apply.thread).isEqualTo("etcd-raft");

        alone.set(false);
        threads.wakeRaft();
        until(() -> log.thread.equals("etcd-log") && apply.thread.equals("etcd-apply"));
        assertThat(log.handOvers + apply.handOvers).isEqualTo(2);
        assertThat(raft.handOvers).isZero();
        raft.inbox.offer(1);
        until(() -> raft.taken.get() == 1);
        assertThat(raft.thread).isEqualTo("etcd-raft");

        threads.stop();
        assertThat(raft.stopped && log.stopped && apply.stopped).isTrue();
        assertThat(failure.get()).isNull();
    }

    @Test
    void shouldStartApartInACluster() {
        alone.set(false);
        threads.start(raft, log, apply, false);
        log.inbox.offer(1);
        apply.inbox.offer(1);
        until(() -> log.taken.get() == 1 && apply.taken.get() == 1);
        assertThat(log.thread).isEqualTo("etcd-log");
        threads.stop();
        assertThat(failure.get()).isNull();
    }

    @Test
    void shouldNotOverlookWorkThatComesDuringTheChange() throws InterruptedException {
        threads.start(raft, log, apply, true);
        int offered = 200_000;
        Thread producer = new Thread(() -> {
            for (int i = 0; i < offered; i++) {
                log.inbox.offer(i);
                apply.inbox.offer(i);
                if (i == offered / 2) {
                    alone.set(false);
                }
            }
        });
        producer.start();
        producer.join();
        // Nobody wakes anybody any more: what is not taken now was overlooked.
        until(() -> log.taken.get() == offered && apply.taken.get() == offered);
        threads.stop();
        assertThat(failure.get()).isNull();
    }
}
