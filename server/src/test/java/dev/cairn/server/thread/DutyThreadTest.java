package dev.cairn.server.thread;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DutyThreadTest {
    /** Goal: no wake-up is lost. Method: one item at a time, the next only when the last was seen; a lost wake-up hangs. */
    @Test
    void shouldSeeEveryItemThatIsOfferedWhileItFallsAsleep() throws InterruptedException {
        int rounds = 20_000;
        DutyThread thread = new DutyThread("test-duty", (name, failure) -> {});
        Mailbox<CountDownLatch> mailbox = new Mailbox<>(10, 10, item -> 1, thread::wake);
        thread.start(List.of(now -> {
            CountDownLatch item = mailbox.poll();
            if (item == null) {
                return 0;
            }
            item.countDown();
            return 1;
        }));
        for (int i = 0; i < rounds; i++) {
            CountDownLatch seen = new CountDownLatch(1);
            mailbox.offer(seen);
            assertThat(seen.await(30, TimeUnit.SECONDS)).as("item %s", i).isTrue();
        }
        thread.stop();
    }

    @Test
    void shouldWakeByItselfAtTheDeadlineOfADuty() throws InterruptedException {
        CountDownLatch rounds = new CountDownLatch(5);
        DutyThread thread = new DutyThread("test-duty", (name, failure) -> {});
        thread.start(List.of(new Duty() {
            private long next = System.nanoTime();

            @Override
            public int doWork(long nowNanos) {
                if (nowNanos - next >= 0) {
                    next = nowNanos + TimeUnit.MILLISECONDS.toNanos(2);
                    rounds.countDown();
                }
                return 0;
            }

            @Override
            public long nextDeadlineNanos() {
                return next;
            }
        }));

        assertThat(rounds.await(30, TimeUnit.SECONDS)).isTrue();
        thread.stop();
    }

    @Test
    void shouldFinishWhatIsAtHandAndCallOnStopOnItsOwnThread() {
        AtomicInteger left = new AtomicInteger(1000);
        CompletableFuture<Thread> stoppedOn = new CompletableFuture<>();
        DutyThread thread = new DutyThread("test-duty", (name, failure) -> {});
        thread.start(List.of(new Duty() {
            @Override
            public int doWork(long nowNanos) {
                return left.get() > 0 && left.decrementAndGet() >= 0 ? 1 : 0;
            }

            @Override
            public void onStop() {
                stoppedOn.complete(Thread.currentThread());
            }
        }));
        thread.stop();

        assertThat(left).hasValue(0);
        assertThat(stoppedOn).isCompletedWithValueMatching(t -> t.getName().equals("test-duty"));
    }

    @Test
    void shouldEndAndTellWhenADutyFails() throws Exception {
        CompletableFuture<String> told = new CompletableFuture<>();
        DutyThread thread = new DutyThread("test-duty", (name, failure) -> told.complete(name + " " + failure.getMessage()));
        thread.start(List.of(now -> {
            throw new IllegalStateException("broken");
        }));

        assertThat(told.get(30, TimeUnit.SECONDS)).isEqualTo("test-duty broken");
    }
}
