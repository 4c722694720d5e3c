package dev.cairn.it.oracle;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.HashKVRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * One run: the calls of a seed go to both servers, one after the other, and each pair of outcomes is compared at once.
 * Confined to the test's thread.
 *
 * <p>Watches live on a few streams. Before anything that could meet events still on their way (a compaction, a cancel, the
 * end) the run waits on both sides until the server says that all events were delivered, so timing decides nothing.
 */
final class DifferentialRun implements AutoCloseable {
    private static final int LANES = 3;
    private static final int WATCHERS_MAX = 12;
    private static final int CALLS_BETWEEN_CHECKS = 250;
    private static final int HASHES = 12;
    /** How far ahead of the store a watch may start. */
    private static final int FUTURE_MAX = 40;

    private final long seed;
    private final boolean hashesMatch;
    private final Duel duel;
    private final CallSource source;
    private final Random random;
    private final List<LanePair> lanes = new ArrayList<>();
    private final String replay;
    private int callCount;
    private int eventCount;

    DifferentialRun(
            long seed,
            boolean attachToServersChoice,
            String replay,
            ServerProcess ourServer,
            ServerProcess realServer,
            UnaryOperator<Message> fault) {
        this.seed = seed;
        this.replay = replay;
        this.hashesMatch = !attachToServersChoice;
        this.duel = new Duel(ourServer, realServer, fault);
        this.source = new CallSource(seed, attachToServersChoice);
        this.random = source.random();
        for (int i = 0; i < LANES; i++) {
            lanes.add(new LanePair(i));
        }
    }

    /** Runs the calls; an AssertionError tells the first difference, what led to it, and how to see it again. */
    void run(int calls) {
        try {
            while (callCount < calls) {
                if (random.nextInt(100) < 6) {
                    watchStep();
                } else {
                    step();
                }
                if (callCount % CALLS_BETWEEN_CHECKS == 0) {
                    settle();
                }
            }
            finish();
        } catch (AssertionError e) {
            throw duel.report(e, "seed " + seed + ", call " + callCount, replay);
        }
    }

    FieldCensus census() {
        return duel.census();
    }

    int eventCount() {
        return eventCount;
    }

    private void step() {
        Call call = source.next();
        if (call.rpc() == Rpc.COMPACT) {
            settle();
        }
        Outcome expected = compare(call);
        source.observe(call, expected);
    }

    private Outcome compare(Call call) {
        callCount++;
        return duel.compare(call);
    }

    private void watchStep() {
        callCount++;
        LanePair lane = lanes.get(random.nextInt(lanes.size()));
        int dice = random.nextInt(10);
        if (dice < 7 && lane.live.size() < WATCHERS_MAX) {
            WatchCreateRequest request = source.watch();
            if (lane.future && random.nextBoolean()) {
                request = request.toBuilder()
                        .setStartRevision(source.revision() + 1 + random.nextInt(FUTURE_MAX))
                        .build();
            }
            lane.create(request);
        } else if (dice < 9 && !lane.live.isEmpty()) {
            lane.cancel(new ArrayList<>(lane.live).get(random.nextInt(lane.live.size())));
        } else {
            lane.cancelUnknown();
        }
    }

    /** Waits until both sides have all events, and compares them. */
    private void settle() {
        for (LanePair lane : lanes) {
            lane.settle();
        }
    }

    private void finish() {
        // Past the start of every watch of the future, so that each lane can be settled.
        Call put = new Call(
                Rpc.PUT,
                PutRequest.newBuilder().setKey(ByteString.copyFromUtf8("a/1")).build());
        for (int i = 0; i <= FUTURE_MAX; i++) {
            source.observe(put, compare(put));
        }
        settle();
        if (!hashesMatch) {
            return;
        }
        List<Long> revisions = new ArrayList<>(
                List.of(0L, source.revision(), source.revision() + 1, source.compacted(), source.compacted() - 1, -1L));
        long oldest = Math.max(1, source.compacted());
        for (int i = 0; i < HASHES; i++) {
            revisions.add(oldest + (source.revision() - oldest) * i / HASHES);
        }
        for (long revision : revisions) {
            compare(new Call(
                    Rpc.HASH_KV,
                    HashKVRequest.newBuilder().setRevision(revision).build()));
        }
    }

    @Override
    public void close() {
        lanes.forEach(LanePair::close);
        duel.close();
    }

    /** The same watch stream to both servers. */
    private final class LanePair {
        private final int number;
        private final WatchLane left = duel.ours().openWatch();
        private final WatchLane right = duel.real().openWatch();
        /** Watches that start in the future only on one lane: it cannot be settled before they have started. */
        private final boolean future;

        private final Set<Long> live = new TreeSet<>();
        private long settledFrom;

        LanePair(int number) {
            this.number = number;
            this.future = number == LANES - 1;
        }

        void create(WatchCreateRequest request) {
            duel.note("lane " + number + " watch {"
                    + Call.shorten(request.toString().replace('\n', ' ')) + "}");
            WatchResponse expected = right.create(request);
            WatchResponse actual = left.create(request);
            duel.census()
                    .note(WatchRequest.newBuilder().setCreateRequest(request).build());
            duel.census().note(expected);
            same("created", actual, expected);
            if (expected.getCanceled()) {
                return;
            }
            long start = request.getStartRevision();
            if (start != 0 && start < source.compacted()) {
                same(
                        "canceled by compaction",
                        left.awaitCanceled(expected.getWatchId()),
                        right.awaitCanceled(expected.getWatchId()));
                // etcd keeps the watcher until the client cancels it too, and meanwhile answers no progress request.
                same("canceled again", left.cancel(expected.getWatchId()), right.cancel(expected.getWatchId()));
                return;
            }
            live.add(expected.getWatchId());
            settledFrom = Math.max(settledFrom, start);
        }

        void cancel(long watchId) {
            if (!canSettle()) {
                return;
            }
            settle();
            duel.note("lane " + number + " cancel " + watchId);
            same("canceled", left.cancel(watchId), right.cancel(watchId));
            live.remove(watchId);
        }

        void cancelUnknown() {
            duel.note("lane " + number + " cancel of an unknown id");
            left.cancelBlindly(4711);
            right.cancelBlindly(4711);
        }

        void settle() {
            if (live.isEmpty() || !canSettle()) {
                return;
            }
            right.barrier(source.revision());
            left.barrier(source.revision());
            Map<Long, List<Message>> expected = right.history();
            Map<Long, List<Message>> actual = left.history();
            Set<Long> ids = new HashSet<>(expected.keySet());
            ids.addAll(actual.keySet());
            for (long id : ids) {
                List<Message> a = actual.getOrDefault(id, List.of());
                List<Message> b = expected.getOrDefault(id, List.of());
                eventCount += b.size();
                b.forEach(duel.census()::note);
                for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
                    Optional<String> difference = Comparison.difference("", a.get(i), b.get(i));
                    if (difference.isPresent()) {
                        throw new AssertionError("lane " + number + ", watch " + id + ", message " + i + ": "
                                + difference.get() + "\nours: " + a.get(i) + "real: " + b.get(i));
                    }
                }
                if (a.size() != b.size()) {
                    throw new AssertionError(
                            "lane " + number + ", watch " + id + ": " + a.size() + " messages instead of "
                                    + b.size() + "\nfirst that only one has: "
                                    + (a.size() > b.size() ? a.get(b.size()) : b.get(a.size())));
                }
            }
            expected.clear();
            actual.clear();
        }

        private boolean canSettle() {
            return settledFrom <= source.revision();
        }

        private void same(String what, WatchResponse actual, WatchResponse expected) {
            Optional<String> difference =
                    Comparison.difference("", Comparison.withoutIdentity(actual), Comparison.withoutIdentity(expected));
            if (difference.isPresent()) {
                throw new AssertionError("lane " + number + ", " + what + ": " + difference.get() + "\nours: " + actual
                        + "real: " + expected);
            }
        }

        void close() {
            left.close();
            right.close();
        }
    }
}
