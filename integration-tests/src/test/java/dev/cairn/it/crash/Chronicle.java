package dev.cairn.it.crash;

import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.mvccpb.Event;
import java.util.ArrayList;
import java.util.List;

/**
 * All that has ever happened in a store, also what was compacted meanwhile: put together of what was read before each compaction.
 * Confined to the test's thread.
 */
final class Chronicle {
    private final List<Event> events = new ArrayList<>();
    private long compacted;

    /** The last revision that was read: nothing is lost to the chronicle when it is compacted. */
    long read() {
        return events.isEmpty() ? 1 : events.get(events.size() - 1).getKv().getModRevision();
    }

    /** A compaction is going to be asked for; whether it happens is not known. */
    void compacting(long revision) {
        if (revision > read()) {
            throw new IllegalArgumentException("revision " + revision + " is not in the chronicle");
        }
        compacted = Math.max(compacted, revision);
    }

    /** Reads again all that cannot be compacted yet, and checks it against the ledger, together with what was. */
    void check(ServerProcess server, Ledger ledger) {
        History now = History.read(server.target(), compacted + 1);
        events.removeIf(event -> event.getKv().getModRevision() > compacted);
        events.addAll(now.events());
        History all = new History(now.present(), List.copyOf(events), now.complete());
        all.check();
        ledger.verify(all.events());
        ledger.verifyNothingInvented(all);
    }
}
