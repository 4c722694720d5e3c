package dev.cairn.server;

import dev.cairn.server.loop.PeerSender;
import dev.cairn.server.loop.RaftInbox;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.PeerActivity;
import dev.cairn.server.peer.SnapshotExchange;
import dev.cairn.server.version.VersionMonitor;
import java.util.concurrent.Executor;

/**
 * All that the core of a member takes from outside: other members, chance, and who runs its duties. The wake-ups may be called by any
 * thread and must not block; a simulation that runs all duties in turn lets them do nothing.
 */
interface Surroundings {
    void wakeRaft();

    void wakeLog();

    void wakeApply();

    void wakeHouse();

    /** A number from 0 to {@code bound - 1}. Called on the Raft loop. */
    int randomBelow(int bound);

    /** Who answers reads of the calling thread that have to wait. Any thread. */
    Executor home();

    /** Prepares stores that go out, and waits for the last readers of those that were exchanged: what may take long. */
    Executor storeWork();

    /** The connections with the other members; asked for once. */
    Peers connect(Cluster cluster, RaftInbox inbox, SnapshotExchange snapshots);

    /** Finds out which releases the other members run. */
    VersionMonitor.MemberVersions versions();

    /** The store was exchanged for a leader's: it may contain what this member has proposed, which is never applied here then. Apply loop. */
    void storeExchanged();

    /** This member has been removed from its cluster. Called on the apply loop, maybe more than once. */
    void removed();

    /** The other members, as the loops see them. */
    interface Peers extends PeerSender, PeerActivity {
        /** How many other members are connected. Any thread. */
        int activePeers();

        /** Talks with these members from now on, and with nobody else. Apply loop. */
        void follow(Cluster.View view);
    }
}
