package dev.cairn.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.mvcc.Event;
import dev.cairn.proto.etcdserverpb.WatchCancelRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.watch.MemoryRevisionLog.Change;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Goal: the hand-overs between apply loop, catch-up thread and executors hold on real threads too.
 *
 * <p>Method: one thread publishes, one catches up, two run the streams, whose windows open and close at random; budgets are
 * tiny, so that watchers change sides all the time. Every client checks each event's place in its key's history.
 */
@Timeout(60)
class WatchStressTest {
    private static final int STREAMS = 8;
    private static final int REVISIONS = 30_000;
    private static final int KEYS = 5;
    private static final long SEED = 20_261_121;

    @Test
    void shouldDeliverEveryEventOnceOnRealThreads() throws Exception {
        MemoryRevisionLog log = new MemoryRevisionLog();
        WatchOptions options = new WatchOptions(1_000_000, 4096, 2048, 50, 8 << 10, 32 << 10, 40, 4096, 100, 16 << 10);
        WatchHub hub = new WatchHub(log, options, new FixedHeaders());
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        List<ExecutorService> loops = List.of(executor("loop-0"), executor("loop-1"));
        ExecutorService catchUp = executor("catch-up");
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i < STREAMS; i++) {
                Client client = new Client(hub, log, loops.get(i % 2), new Random(SEED + i), failure);
                clients.add(client);
                client.begin();
            }
            Future<?> catchingUp = catchUp.submit(() -> catchUp(hub));
            Random random = new Random(SEED);
            for (int i = 0; i < REVISIONS && failure.get() == null; i++) {
                List<Change> changes = new ArrayList<>();
                for (int k = 0; k < 1 + random.nextInt(KEYS); k++) {
                    changes.add(Change.put("key" + k, "value " + i));
                }
                hub.onEvents(log.currentRevision() + 1, log.write(changes));
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
            while (failure.get() == null && !clients.stream().allMatch(Client::isComplete)) {
                assertThat(System.nanoTime()).describedAs("deadline").isLessThan(deadline);
                LockSupport.parkNanos(1_000_000);
            }
            catchUp.shutdownNow();
            catchingUp.get(10, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            failure.compareAndSet(null, e.getCause());
        } finally {
            catchUp.shutdownNow();
            loops.forEach(ExecutorService::shutdownNow);
        }
        assertThat(failure.get()).isNull();
        assertThat(clients.stream().mapToLong(client -> client.recreated.get()).sum())
                .isPositive();
    }

    private static void catchUp(WatchHub hub) {
        while (!Thread.currentThread().isInterrupted()) {
            if (hub.doWork(System.nanoTime()) == 0) {
                LockSupport.parkNanos(20_000);
            }
        }
    }

    private static ExecutorService executor(String name) {
        return new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    return thread;
                },
                // As the port wants it: tasks are dropped once the loop is gone.
                new ThreadPoolExecutor.DiscardPolicy());
    }

    /** A client of one stream; all but {@link #isComplete} runs on its loop. */
    private static final class Client implements WatchOutput {
        private final MemoryRevisionLog log;
        private final ExecutorService loop;
        private final Random random;
        private final AtomicReference<@Nullable Throwable> failure;
        private final WatchStream stream;

        /** The least revision that each watcher may get next, by the number of its key. */
        private final long[] next = new long[KEYS];

        private int window;
        private boolean waits;

        /** A bit for each key whose watcher has got all. */
        private final AtomicLong complete = new AtomicLong();

        final AtomicLong recreated = new AtomicLong();

        Client(
                WatchHub hub,
                MemoryRevisionLog log,
                ExecutorService loop,
                Random random,
                AtomicReference<@Nullable Throwable> failure) {
            this.log = log;
            this.loop = loop;
            this.random = random;
            this.failure = failure;
            Arrays.fill(next, 2);
            this.stream = hub.open(this);
        }

        void begin() {
            execute(() -> {
                for (int key = 0; key < KEYS; key++) {
                    create(key, 1);
                }
            });
        }

        boolean isComplete() {
            return complete.get() == (1 << KEYS) - 1;
        }

        private void create(int key, long start) {
            stream.onRequest(WatchRequest.newBuilder()
                    .setCreateRequest(WatchCreateRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8("key" + key))
                            .setRangeEnd(ByteString.copyFromUtf8(key % 2 == 0 ? "" : "key" + (key + 1)))
                            .setWatchId(key + 1L)
                            .setPrevKv(key == 3)
                            .setStartRevision(start))
                    .build());
        }

        @Override
        public boolean isReady() {
            if (window > 0) {
                return true;
            }
            if (!waits) {
                waits = true;
                execute(() -> {
                    waits = false;
                    window = 1 + random.nextInt(5);
                    stream.onReady();
                });
            }
            return false;
        }

        @Override
        public void send(EncodedResponse response) {
            window--;
            try {
                received(WatchResponse.parseFrom(response.toByteString()));
            } catch (InvalidProtocolBufferException | RuntimeException | AssertionError e) {
                failure.compareAndSet(null, e);
            }
        }

        private void received(WatchResponse response) {
            long id = response.getWatchId();
            if (response.getEventsCount() == 0) {
                return;
            }
            int key = (int) id - 1;
            for (dev.cairn.proto.mvccpb.Event event : response.getEventsList()) {
                long revision = event.getKv().getModRevision();
                while (next[key] < revision) {
                    assertThat(log.history(next[key]))
                            .describedAs("watcher %d missed revision %d", id, next[key])
                            .noneMatch(missed -> isOf(missed, key));
                    next[key]++;
                }
                assertThat(revision)
                        .describedAs("seed %d, watcher %d", SEED, id)
                        .isEqualTo(next[key]++);
                assertThat(event.hasPrevKv())
                        .isEqualTo(key == 3 && event.getKv().getVersion() > 1);
            }
            if (log.currentRevision() == REVISIONS + 1 && isDone(key, next[key])) {
                complete.set(complete.get() | 1L << key);
            } else if (random.nextInt(500) == 0) {
                // A client that lost its connection: ends the watcher and resumes where it was.
                long resume = next[key];
                execute(() -> {
                    if (stream.acceptsRequests() && next[key] == resume) {
                        recreated.incrementAndGet();
                        stream.onRequest(WatchRequest.newBuilder()
                                .setCancelRequest(
                                        WatchCancelRequest.newBuilder().setWatchId(id))
                                .build());
                        create(key, next[key]);
                    }
                });
            }
        }

        private boolean isDone(int key, long from) {
            for (long revision = from; revision <= log.currentRevision(); revision++) {
                if (log.history(revision).stream().anyMatch(event -> isOf(event, key))) {
                    return false;
                }
            }
            return true;
        }

        private static boolean isOf(Event event, int key) {
            return event.key().toStringUtf8().equals("key" + key);
        }

        @Override
        public void execute(Runnable task) {
            loop.execute(() -> {
                try {
                    task.run();
                } catch (RuntimeException | AssertionError e) {
                    failure.compareAndSet(null, e);
                }
            });
        }

        @Override
        public void fail(Failure reason) {
            failure.compareAndSet(null, new AssertionError(reason.toString()));
        }
    }
}
