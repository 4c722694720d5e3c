package dev.cairn.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.mvcc.Event;
import dev.cairn.mvcc.KeyRange;
import dev.cairn.mvcc.Revision;
import dev.cairn.proto.etcdserverpb.WatchCancelRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest.FilterType;
import dev.cairn.proto.etcdserverpb.WatchProgressRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.KeyValue;
import dev.cairn.watch.MemoryRevisionLog.Change;
import java.util.AbstractList;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Goal: whatever happens, every watcher gets exactly the events it asked for, once, in order, revisions in one piece.
 *
 * <p>Method: one thread plays apply loop, catch-up thread, executors and clients in an order drawn from a seed, with limits so
 * small that every path is taken all the time; each response is checked against the full history as it arrives.
 */
@Timeout(120)
class WatchModelTest {
    private static final int SEEDS = 300;
    private static final int STEPS = 500;
    private static final long INTERVAL_NANOS = 1000;

    @Test
    void shouldDeliverEveryEventOnce() {
        Map<String, Integer> seen = new HashMap<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            run(seed).forEach((what, count) -> seen.merge(what, count, Integer::sum));
        }
        // The run is worth something only if it came by all of these.
        assertThat(seen.keySet())
                .contains(
                        "created",
                        "duplicate id",
                        "empty range",
                        "negative start",
                        "canceled",
                        "compacted",
                        "progress of all",
                        "progress of one",
                        "fragments",
                        "several revisions",
                        "previous value",
                        "previous value compacted",
                        "slow",
                        "restored");
    }

    @Test
    void shouldDoTheSameForTheSameSeed() {
        Simulation first = new Simulation(4711);
        first.run();
        Simulation second = new Simulation(4711);
        second.run();
        assertThat(first.trace).isNotEmpty().isEqualTo(second.trace);
    }

    private static Map<String, Integer> run(long seed) {
        Simulation simulation = new Simulation(seed);
        try {
            simulation.run();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed " + seed + " step " + simulation.step + ": " + e.getMessage(), e);
        }
        return simulation.seen;
    }

    /** What the test knows of a watcher. */
    private static final class Expected {
        final WatchCreateRequest request;
        final KeyRange range;
        long next;
        boolean compacted;
        int fragmentOffset;

        Expected(WatchCreateRequest request, long next) {
            this.request = request;
            this.range = KeyRange.of(
                    request.getKey().isEmpty() ? ByteString.copyFrom(new byte[1]) : request.getKey(),
                    request.getRangeEnd());
            this.next = next;
        }

        boolean wants(Event event) {
            return range.contains(event.key())
                    && !request.getFiltersList().contains(event.delete() ? FilterType.NODELETE : FilterType.NOPUT);
        }
    }

    private static final class Client {
        final ManualOutput output = new ManualOutput();
        WatchStream stream;
        final Map<Long, Expected> watchers = new LinkedHashMap<>();

        /** Requests whose answer has not come, in order. */
        final ArrayDeque<WatchRequest> unanswered = new ArrayDeque<>();

        int progressAsked;

        Client(WatchHub hub) {
            stream = hub.open(output);
        }
    }

    private static final class Simulation {
        final Random random;
        final MemoryRevisionLog log = new MemoryRevisionLog();
        final WatchOptions options;
        final WatchHub hub;
        final List<Client> clients = new ArrayList<>();
        final ArrayDeque<List<Event>> unpublished = new ArrayDeque<>();
        final Map<String, Integer> seen = new HashMap<>();
        final List<String> trace = new ArrayList<>();
        long now;
        int step;

        Simulation(long seed) {
            random = new Random(seed);
            for (int i = 0; i < random.nextInt(30); i++) {
                log.write(changes());
            }
            options = new WatchOptions(
                    INTERVAL_NANOS,
                    100 + random.nextInt(300),
                    50 + random.nextInt(1000),
                    1 + random.nextInt(5),
                    1 + random.nextInt(6000),
                    1000 + random.nextInt(20_000),
                    1 + random.nextInt(8),
                    1 + random.nextInt(500),
                    1 + random.nextInt(20),
                    1 + random.nextInt(10_000));
            hub = new WatchHub(log, options, new FixedHeaders(), random::nextLong);
            log.betweenEvents(this::drainSomewhere);
            for (int i = 0; i < 1 + random.nextInt(4); i++) {
                clients.add(new Client(hub));
            }
        }

        void run() {
            for (step = 0; step < STEPS; step++) {
                act(random.nextInt(100), clients.get(random.nextInt(clients.size())));
                if (hub.slowWatchers() > 0) {
                    saw("slow");
                }
                check();
            }
            settle();
            for (Client client : clients) {
                for (Expected watcher : client.watchers.values()) {
                    if (!watcher.compacted) {
                        assertThat(nextWanted(watcher))
                                .describedAs("still to come for %s", watcher.request)
                                .isGreaterThan(log.currentRevision());
                    }
                }
                assertThat(client.unanswered).isEmpty();
            }
            assertThat(hub.slowWatchers()).isZero();
            assertThat(hub.eventsPending()).isZero();
            assertThat(hub.bytesPending()).isZero();
            assertThat(hub.counters().chargedBytes).hasValue(0);
            assertThat(hub.catchUp().oldest()).isNull();
            clients.forEach(client -> client.stream.close());
            assertThat(hub.watchers()).isZero();
            assertThat(hub.streams()).isZero();
        }

        private void act(int dice, Client client) {
            if (dice < 22) {
                List<Event> events = log.write(changes());
                if (!events.isEmpty()) {
                    unpublished.add(events);
                }
                if (random.nextInt(4) > 0) {
                    publishAll();
                }
            } else if (dice < 30) {
                publishAll();
            } else if (dice < 46) {
                client.output.runTask();
            } else if (dice < 60) {
                hub.doWork(now);
            } else if (dice < 70) {
                create(client);
            } else if (dice < 76) {
                cancel(client);
            } else if (dice < 80) {
                askProgress(client);
            } else if (dice < 90) {
                if (client.output.setWindow(random.nextInt(3) == 0 ? 0 : random.nextInt(8))) {
                    client.stream.onReady();
                }
            } else if (dice < 93) {
                now += random.nextInt((int) INTERVAL_NANOS);
            } else if (dice < 95) {
                if (random.nextInt(3) == 0) {
                    log.compact(log.currentRevision() - random.nextInt((int) Math.min(20, log.currentRevision())));
                }
            } else if (dice < 97) {
                for (int i = 0; i < random.nextInt(6); i++) {
                    log.write(changes());
                }
                // What was written and not published comes with the store that replaces this one.
                unpublished.clear();
                hub.onRestore();
                saw("restored");
            } else if (dice < 98) {
                client.stream.close();
                clients.set(clients.indexOf(client), new Client(hub));
            }
        }

        private void publishAll() {
            while (!unpublished.isEmpty()) {
                List<Event> events = unpublished.remove();
                hub.onEvents(events.get(0).revision().main(), new AbstractList<>() {
                    @Override
                    public Event get(int index) {
                        drainSomewhere();
                        return events.get(index);
                    }

                    @Override
                    public int size() {
                        return events.size();
                    }
                });
            }
        }

        /** An executor comes in between two events of one revision. */
        private void drainSomewhere() {
            if (random.nextInt(3) == 0) {
                clients.get(random.nextInt(clients.size())).output.runTask();
            }
        }

        /** Lets everybody go on until nothing moves. */
        private void settle() {
            publishAll();
            boolean moves = true;
            while (moves) {
                moves = hub.doWork(now) > 0;
                for (Client client : clients) {
                    if (client.output.setWindow(Integer.MAX_VALUE)) {
                        client.stream.onReady();
                        moves = true;
                    }
                    while (client.output.runTask()) {
                        moves = true;
                    }
                }
                check();
            }
        }

        private List<Change> changes() {
            List<Change> changes = new ArrayList<>();
            List<ByteString> used = new ArrayList<>();
            int count = random.nextInt(10) == 0 ? 12 : 1 + random.nextInt(3);
            for (int i = 0; i < count; i++) {
                ByteString key = key();
                // As in a transaction, no key changes twice in one revision.
                if (!used.contains(key)) {
                    used.add(key);
                    ByteString value = ByteString.copyFrom(new byte[random.nextInt(120)]);
                    changes.add(new Change(key, random.nextInt(4) == 0 ? null : value));
                }
            }
            return changes;
        }

        private ByteString key() {
            byte[] alphabet = {0, 'a', 'b', (byte) 0xff};
            byte[] bytes = new byte[1 + random.nextInt(2)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = alphabet[random.nextInt(alphabet.length)];
            }
            return ByteString.copyFrom(bytes);
        }

        private void create(Client client) {
            if (!client.stream.acceptsRequests()) {
                return;
            }
            WatchCreateRequest.Builder create = WatchCreateRequest.newBuilder()
                    .setProgressNotify(random.nextBoolean())
                    .setPrevKv(random.nextBoolean())
                    .setFragment(random.nextInt(3) == 0);
            if (random.nextInt(10) > 0) {
                create.setKey(key());
            }
            switch (random.nextInt(5)) {
                case 0 -> create.setRangeEnd(ByteString.copyFrom(new byte[1]));
                case 1, 2 -> create.setRangeEnd(key());
                default -> {}
            }
            if (random.nextInt(4) == 0) {
                create.addFilters(random.nextBoolean() ? FilterType.NOPUT : FilterType.NODELETE);
            }
            if (random.nextInt(4) == 0) {
                // Not -1, which etcd takes too: its responses could not be told from those about no watcher.
                create.setWatchId(random.nextBoolean() ? -2 - random.nextInt(3) : random.nextInt(5));
            }
            switch (random.nextInt(6)) {
                case 0 -> create.setStartRevision(log.currentRevision() + random.nextInt(4));
                case 1, 2, 3 -> create.setStartRevision(Math.max(1, log.currentRevision() - random.nextInt(40)));
                case 4 -> create.setStartRevision(random.nextInt(3) - 1);
                default -> {}
            }
            ask(client, WatchRequest.newBuilder().setCreateRequest(create).build());
        }

        private void cancel(Client client) {
            if (!client.stream.acceptsRequests()) {
                return;
            }
            List<Long> ids = new ArrayList<>(client.watchers.keySet());
            long id = ids.isEmpty() || random.nextInt(8) == 0 ? 1000 : ids.get(random.nextInt(ids.size()));
            boolean waits = client.unanswered.stream()
                    .anyMatch(request -> request.hasCancelRequest()
                            && request.getCancelRequest().getWatchId() == id);
            WatchRequest request = WatchRequest.newBuilder()
                    .setCancelRequest(WatchCancelRequest.newBuilder().setWatchId(id))
                    .build();
            if (id == 1000) {
                // An unknown watcher: no answer.
                client.stream.onRequest(request);
            } else if (!waits) {
                ask(client, request);
            }
        }

        private void askProgress(Client client) {
            if (client.stream.acceptsRequests()) {
                client.progressAsked++;
                client.stream.onRequest(WatchRequest.newBuilder()
                        .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                        .build());
            }
        }

        private void ask(Client client, WatchRequest request) {
            client.unanswered.addLast(request);
            client.stream.onRequest(request);
        }

        private void saw(String what) {
            seen.merge(what, 1, Integer::sum);
        }

        private void check() {
            for (Client client : clients) {
                assertThat(client.output.failure()).isNull();
                for (WatchResponse response : client.output.take()) {
                    trace.add(clients.indexOf(client) + " " + response);
                    check(client, response);
                }
            }
        }

        private void check(Client client, WatchResponse response) {
            assertThat(response.getHeader().getRevision()).isLessThanOrEqualTo(log.currentRevision());
            assertThat(response.getHeader().getClusterId()).isEqualTo(FixedHeaders.CLUSTER_ID);
            assertThat(response.getHeader().getMemberId()).isEqualTo(FixedHeaders.MEMBER_ID);
            assertThat(response.getHeader().getRaftTerm()).isEqualTo(FixedHeaders.RAFT_TERM);
            if (response.getCreated()) {
                created(client, response);
            } else if (response.getCanceled()) {
                canceled(client, response);
            } else if (response.getEventsCount() > 0) {
                events(client, response);
            } else {
                progress(client, response);
            }
        }

        private void created(Client client, WatchResponse response) {
            WatchCreateRequest request = client.unanswered.remove().getCreateRequest();
            if (response.getCanceled()) {
                assertThat(response.getWatchId()).isEqualTo(-1);
                String reason = response.getCancelReason();
                if (request.getStartRevision() < 0) {
                    saw("negative start");
                    assertThat(reason).isEqualTo("etcdserver: mvcc: required revision has been compacted");
                } else if (new Expected(request, 0).range.isEmpty()) {
                    saw("empty range");
                    assertThat(reason).isEqualTo("mvcc: watcher range is empty");
                } else {
                    saw("duplicate id");
                    assertThat(client.watchers).containsKey(request.getWatchId());
                    assertThat(reason).isEqualTo("mvcc: duplicate watch ID provided on the WatchStream");
                }
                return;
            }
            saw("created");
            if (request.getWatchId() != 0) {
                assertThat(response.getWatchId()).isEqualTo(request.getWatchId());
            }
            assertThat(response.getHeader().getRevision()).isPositive();
            long start = request.getStartRevision();
            Expected before = client.watchers.put(
                    response.getWatchId(),
                    new Expected(request, start == 0 ? response.getHeader().getRevision() + 1 : start));
            assertThat(before).isNull();
        }

        private void canceled(Client client, WatchResponse response) {
            assertThat(response.getCancelReason()).isEmpty();
            if (response.getCompactRevision() > 0) {
                saw("compacted");
                Expected watcher = watcher(client, response);
                assertThat(response.getHeader().getRevision()).isZero();
                assertThat(response.getCompactRevision()).isLessThanOrEqualTo(log.compactedRevision());
                assertThat(watcher.next).isLessThan(response.getCompactRevision());
                assertThat(watcher.compacted).isFalse();
                watcher.compacted = true;
            } else {
                saw("canceled");
                assertThat(client.unanswered.remove().getCancelRequest().getWatchId())
                        .isEqualTo(response.getWatchId());
                assertThat(client.watchers.remove(response.getWatchId())).isNotNull();
            }
        }

        private static Expected watcher(Client client, WatchResponse response) {
            Expected watcher = client.watchers.get(response.getWatchId());
            if (watcher == null) {
                throw new AssertionError("no watcher has the id of " + response);
            }
            return watcher;
        }

        private void progress(Client client, WatchResponse response) {
            long revision = response.getHeader().getRevision();
            if (response.getWatchId() == -1) {
                saw("progress of all");
                assertThat(--client.progressAsked).isNotNegative();
                for (Expected watcher : client.watchers.values()) {
                    if (!watcher.compacted) {
                        assertThat(nextWanted(watcher)).isGreaterThan(revision);
                    }
                }
            } else {
                saw("progress of one");
                Expected watcher = watcher(client, response);
                assertThat(watcher.request.getProgressNotify()).isTrue();
                assertThat(watcher.compacted).isFalse();
                assertThat(revision).isGreaterThanOrEqualTo(watcher.request.getStartRevision());
                assertThat(nextWanted(watcher)).isGreaterThan(revision);
            }
        }

        private long nextWanted(Expected watcher) {
            long next = watcher.next;
            while (next <= log.currentRevision() && log.history(next).stream().noneMatch(watcher::wants)) {
                next++;
            }
            return next;
        }

        private void events(Client client, WatchResponse response) {
            Expected watcher = watcher(client, response);
            assertThat(watcher.compacted).isFalse();
            int i = 0;
            int revisions = 0;
            while (i < response.getEventsCount()) {
                watcher.next = nextWanted(watcher);
                assertThat(watcher.next).isLessThanOrEqualTo(log.currentRevision());
                List<Event> wanted = log.history(watcher.next).stream()
                        .filter(watcher::wants)
                        .toList();
                int left = wanted.size() - watcher.fragmentOffset;
                int here = Math.min(left, response.getEventsCount() - i);
                for (int j = 0; j < here; j++) {
                    same(watcher, wanted.get(watcher.fragmentOffset + j), response.getEvents(i + j));
                }
                i += here;
                revisions++;
                if (here < left) {
                    assertThat(response.getFragment())
                            .describedAs("a revision was split in %s", response)
                            .isTrue();
                    watcher.fragmentOffset += here;
                } else {
                    watcher.fragmentOffset = 0;
                    assertThat(response.getHeader().getRevision()).isGreaterThanOrEqualTo(watcher.next);
                    watcher.next++;
                }
            }
            if (response.getFragment()) {
                saw("fragments");
                assertThat(watcher.request.getFragment()).isTrue();
                assertThat(response.getEventsCount() == 1 || response.getSerializedSize() < options.fragmentBytes())
                        .isTrue();
            } else if (watcher.request.getFragment() && response.getEventsCount() > 1) {
                assertThat(response.getSerializedSize()).isLessThan(options.fragmentBytes());
            }
            assertThat(revisions).isLessThanOrEqualTo(options.responseRevisionsMax());
            if (revisions > 1) {
                saw("several revisions");
            }
        }

        private void same(Expected watcher, Event expected, dev.cairn.proto.mvccpb.Event event) {
            assertThat(event.getKv()).isEqualTo(keyValue(expected.keyValue()));
            assertThat(event.getType())
                    .isEqualTo(
                            expected.delete()
                                    ? dev.cairn.proto.mvccpb.Event.EventType.DELETE
                                    : dev.cairn.proto.mvccpb.Event.EventType.PUT);
            Revision previous = watcher.request.getPrevKv() ? expected.previous() : null;
            if (previous == null) {
                assertThat(event.hasPrevKv()).isFalse();
            } else if (event.hasPrevKv()) {
                saw("previous value");
                assertThat(event.getPrevKv()).isEqualTo(keyValue(log.historicValue(previous)));
            } else {
                saw("previous value compacted");
                assertThat(expected.revision().main() - 1).isLessThan(log.compactedRevision());
            }
        }

        private static KeyValue keyValue(ByteString bytes) {
            try {
                return KeyValue.parseFrom(bytes);
            } catch (InvalidProtocolBufferException e) {
                throw new AssertionError(e);
            }
        }
    }
}
