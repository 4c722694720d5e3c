package dev.cairn.it.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.cairn.testing.history.HistoryCheck;
import dev.cairn.testing.history.Operation;
import dev.cairn.testing.history.Request;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Clients and watchers of a cluster that nobody else writes to, from its first revision on. Confined to the test's thread; what works for it has
 * threads of its own.
 */
public final class Load implements AutoCloseable {
    private static final int CLIENTS = 8;
    private static final long LOOK_MILLIS = 100;

    private final Notes notes = new Notes();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<LoadClient> clients = new ArrayList<>();
    private final List<LoadWatcher> watchers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Thread keeper = new Thread(this::keepWatchers, "load-watchers");
    private final LoadClient operator;
    private final int members;
    private volatile boolean closed;

    private Load(List<String> targets, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        members = targets.size();
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(new LoadClient(i, connect(targets), random.split(), notes));
        }
        operator = new LoadClient(CLIENTS, connect(targets), random.split(), notes);
        for (int i = 0; i < members; i++) {
            watchers.add(watcher(LoadClient.KEYS, LoadClient.KEYS_END, i, targets, random));
        }
        watchers.add(watcher(LoadClient.KEYS + "1", null, 0, targets, random));
    }

    private LoadWatcher watcher(
            String key, @Nullable String end, int member, List<String> targets, SplittableRandom random) {
        return new LoadWatcher(key, end, member, connect(targets), random.split(), notes);
    }

    /** Begins with the work. */
    public static Load start(List<String> targets, long seed) {
        Load load = new Load(targets, seed);
        for (LoadClient client : load.clients) {
            load.threads.add(new Thread(client, "load-client"));
        }
        load.threads.forEach(Thread::start);
        load.keeper.start();
        return load;
    }

    private List<ManagedChannel> connect(List<String> targets) {
        List<ManagedChannel> connected = new ArrayList<>();
        for (String target : targets) {
            connected.add(NettyChannelBuilder.forTarget(target).usePlaintext().build());
        }
        channels.addAll(connected);
        return connected;
    }

    private void keepWatchers() {
        while (!closed) {
            watchers.forEach(LoadWatcher::look);
            Uninterruptibles.sleepUninterruptibly(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
        watchers.forEach(LoadWatcher::close);
    }

    /** How many requests have been answered so far. */
    public long answered() {
        return notes.answered();
    }

    /** Waits until so many more requests have been answered. */
    public void awaitMore(int requests, Duration limit) {
        long goal = answered() + requests;
        await(requests + " more answers").atMost(limit).until(() -> answered() >= goal);
    }

    /** Waits until a write through this member has succeeded. */
    public void awaitService(int member, Duration limit) {
        int[] attempt = {0};
        await("a write through m" + member)
                .atMost(limit)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> operator.ask(
                        member,
                        new Request.Put(
                                LoadClient.KEYS + "0", "o" + member + "-" + ++attempt[0] + "-" + System.nanoTime()),
                        0));
    }

    /** Has a read wait at this member while something happens. */
    public void readAround(int member, Runnable event) {
        Thread reader = new Thread(
                () -> operator.ask(member, new Request.Range(LoadClient.KEYS, LoadClient.KEYS_END), 0), "load-reader");
        reader.start();
        try {
            event.run();
        } finally {
            Uninterruptibles.joinUninterruptibly(reader);
        }
    }

    /** Ends the work, waits until the watchers know all of it, and checks everything. */
    public String finish(Duration limit) {
        stopClients();
        for (int i = 0; i < members; i++) {
            awaitService(i, limit);
        }
        // Nothing happens any more behind what is read last.
        await("the end of all leases").atMost(limit).until(operator::seesNoLease);
        for (int i = 0; i < members; i++) {
            int member = i;
            // What everybody agrees on in the end is a part of the history.
            await("a read of m" + i)
                    .atMost(limit)
                    .pollDelay(Duration.ZERO)
                    .until(() -> operator.ask(member, new Request.Range(LoadClient.KEYS, LoadClient.KEYS_END), 0));
        }
        long newest = notes.operations().stream()
                .map(Operation::response)
                .mapToLong(response -> response == null ? 0 : response.revision())
                .max()
                .orElseThrow();
        await("the watchers at revision " + newest)
                .atMost(limit)
                .until(() -> watchers.stream().allMatch(watcher -> watcher.isToldUpTo(newest)));
        stopKeeper();
        List<Operation> history = new ArrayList<>(notes.operations());
        clients.forEach(client -> history.addAll(client.expiries()));
        String wrong = HistoryCheck.check(
                history,
                notes.lateReads(),
                watchers.stream().map(LoadWatcher::watched).toList(),
                List.of());
        assertThat(wrong).isNull();
        assertThat(notes.complaints()).isEmpty();
        return toString();
    }

    /** For how long the unluckiest client got nothing done. Once it is finished. */
    public Duration longestFailing() {
        return clients.stream()
                .map(LoadClient::longestFailing)
                .max(Duration::compareTo)
                .orElseThrow();
    }

    private void stopClients() {
        clients.forEach(LoadClient::stop);
        threads.forEach(Uninterruptibles::joinUninterruptibly);
    }

    private void stopKeeper() {
        closed = true;
        Uninterruptibles.joinUninterruptibly(keeper);
    }

    @Override
    public String toString() {
        return notes + ", watch streams "
                + watchers.stream().map(LoadWatcher::streams).toList() + ", nothing done for at most "
                + longestFailing().toMillis() + " ms";
    }

    @Override
    public void close() {
        stopClients();
        stopKeeper();
        channels.forEach(ManagedChannel::shutdownNow);
    }
}
