package dev.cairn.it.oracle;

import com.google.protobuf.Message;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.HashKVRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * One run of several users with and without permissions: the calls of a seed go to both servers, one after the other, and
 * each pair of outcomes is compared at once. Confined to the test's thread.
 */
final class CrowdRun implements AutoCloseable {
    private static final int WATCH_PER_MILLE = 40;

    private final long seed;
    private final String replay;
    private final Duel duel;
    private final CallSource source;
    private final CrowdCalls calls;
    private int callCount;
    private int refused;
    private int permitted;

    CrowdRun(
            long seed, String replay, ServerProcess ourServer, ServerProcess realServer, UnaryOperator<Message> fault) {
        this.seed = seed;
        this.replay = replay;
        this.duel = new Duel(ourServer, realServer, fault);
        this.source = new CallSource(seed, false);
        this.calls = new CrowdCalls(source);
    }

    /** Runs the calls; an AssertionError tells the first difference, what led to it, and how to see it again. */
    void run(int count) {
        try {
            while (callCount < count) {
                callCount++;
                if (source.chance(WATCH_PER_MILLE)) {
                    watch(calls.speaker());
                } else {
                    step(calls.next());
                }
            }
            calls.closing().forEach(this::step);
            duel.compare(new Call(Rpc.HASH_KV, HashKVRequest.getDefaultInstance()));
        } catch (AssertionError e) {
            throw duel.report(e, "seed " + seed + ", call " + callCount, replay);
        }
    }

    FieldCensus census() {
        return duel.census();
    }

    /** How many calls were refused for want of a permission or of an identity. */
    int refused() {
        return refused;
    }

    /** How many calls succeeded. */
    int permitted() {
        return permitted;
    }

    private void step(Call call) {
        Outcome outcome = duel.compare(call);
        if (outcome.succeeded()) {
            permitted++;
        } else if (outcome.status().contains("permission denied")
                || outcome.status().contains("user name is empty")
                || outcome.status().contains("invalid auth token")) {
            refused++;
        }
        calls.observe(call, outcome);
    }

    /** A watch on a stream of its own: what the server says to its creation. */
    private void watch(String speaker) {
        WatchCreateRequest request =
                source.watch().toBuilder().setStartRevision(0).build();
        duel.note(speaker + ": watch {" + Call.shorten(request.toString().replace('\n', ' ')) + "}");
        try (WatchLane left = duel.ours().openWatch(speaker);
                WatchLane right = duel.real().openWatch(speaker)) {
            WatchResponse expected = right.create(request);
            WatchResponse actual = left.create(request);
            Optional<String> difference =
                    Comparison.difference("", Comparison.withoutIdentity(actual), Comparison.withoutIdentity(expected));
            if (difference.isPresent()) {
                throw new AssertionError("created: " + difference.get() + "\nours: " + actual + "real: " + expected);
            }
            duel.census().note(request);
            duel.census().note(expected);
            if (expected.getCanceled()) {
                refused++;
            }
        }
    }

    @Override
    public void close() {
        duel.close();
    }
}
