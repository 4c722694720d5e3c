package dev.cairn.it.oracle;

import com.google.protobuf.Message;
import dev.cairn.it.process.ServerProcess;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** Our server and the real one, each call to both, and a trace of the last calls. Confined to the run's thread. */
final class Duel implements AutoCloseable {
    private static final int TRACE_MAX = 12;
    private static final long BEHIND_THE_SCENES_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final Set<Rpc> SHOWS_WORK_UNDER_WAY = EnumSet.of(Rpc.HASH_KV, Rpc.STATUS);

    private final Peer ours;
    private final Peer real;
    private final Deque<String> trace = new ArrayDeque<>();
    private final FieldCensus census = new FieldCensus();

    /** {@code fault} changes what our server answers, to show that a difference is found. */
    Duel(ServerProcess ourServer, ServerProcess realServer, UnaryOperator<Message> fault) {
        this.ours = new Peer("ours", ourServer.target(), fault);
        this.real = new Peer("real", realServer.target(), UnaryOperator.identity());
    }

    Peer ours() {
        return ours;
    }

    Peer real() {
        return real;
    }

    /** Calls both; the real one's outcome, which ours must equal. */
    Outcome compare(Call call) {
        note(call.toString());
        Outcome expected = real.call(call);
        Outcome actual = ours.call(call);
        Optional<String> difference = Comparison.difference(call, actual, expected);
        // A compaction goes on behind its answer, and until it is through the digest it leaves is not stored. The
        // version of the
        // storage is decided behind the start.
        long deadline = System.nanoTime() + BEHIND_THE_SCENES_NANOS;
        while (SHOWS_WORK_UNDER_WAY.contains(call.rpc())
                && difference.isPresent()
                && System.nanoTime() - deadline < 0) {
            expected = real.call(call);
            actual = ours.call(call);
            difference = Comparison.difference(call, actual, expected);
        }
        if (difference.isPresent()) {
            throw new AssertionError(
                    difference.get() + "\ncall: " + call + "\nours: " + actual + "\nreal: " + expected);
        }
        census.note(call.request());
        expected.messages().forEach(census::note);
        census.noteStatus(expected.status());
        return expected;
    }

    /** What the calls and the answers that agreed were made of. */
    FieldCensus census() {
        return census;
    }

    void note(String what) {
        if (trace.size() == TRACE_MAX) {
            trace.removeFirst();
        }
        trace.addLast(what);
    }

    /** The failure with what led to it, and how to see it again. */
    AssertionError report(AssertionError failure, String where, String replay) {
        return new AssertionError(
                where + ": " + failure.getMessage() + "\nlast calls:\n  " + String.join("\n  ", trace) + "\nreplay: "
                        + replay,
                failure);
    }

    @Override
    public void close() {
        ours.close();
        real.close();
    }
}
