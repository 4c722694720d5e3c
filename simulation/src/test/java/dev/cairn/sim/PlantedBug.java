package dev.cairn.sim;

import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
import java.util.List;

/**
 * A place for each of the mistakes that implementations of Raft have made. What is here by default is right; the planted bugs
 * override one method each, so that production code needs no switches.
 */
class PlantedBug {
    static final PlantedBug NONE = new PlantedBug();

    /** What a member really sends in place of what it wants to send. */
    List<Message> onSend(long from, Message message) {
        return List.of(message);
    }

    /** What a member understands of a message. */
    List<Message> onReceive(long to, Message message) {
        return List.of(message);
    }

    /** The hard state that a member finds when it restarts. */
    HardState onRestart(HardState found) {
        return found;
    }

    /** What is done with entries that the log holds, one after the other, when a member restarts. */
    void replay(List<Entry> entries, Entry entry) {
        // An entry at a place that was there before replaces it and all behind it.
        while (!entries.isEmpty() && entries.get(entries.size() - 1).index() >= entry.index()) {
            entries.remove(entries.size() - 1);
        }
        entries.add(entry);
    }

    /** From which index a restarting member goes on to apply. */
    long appliedAtStart(long applied, MemoryRaftStorage log) {
        return applied;
    }

    /** Whether disks report syncs that they do not do. */
    boolean disksLie() {
        return false;
    }

    /** Whether a leader answers linearizable reads without asking anybody. */
    boolean readsWithoutQuorum() {
        return false;
    }

    /** Whether changes of membership take effect when they are in a member's log, committed or not. */
    boolean reconfiguresEarly() {
        return false;
    }

    /** Whether a leader ends leases without asking whether it leads still. */
    boolean endsLeasesUnconfirmed() {
        return false;
    }
}
