package dev.cairn.sim;

import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;

/** The classic mistakes, one at a time. Each is made by changing what goes into the real code, or comes out of it. */
enum PlantedBugs {
    /** A restarted member does not know whom it has voted for. */
    VOTE_NOT_PERSISTED(229, () -> new PlantedBug() {
        @Override
        HardState onRestart(HardState found) {
            return new HardState(found.term(), 0, found.commit());
        }
    }),

    /** A restarted member has forgotten its term as well. */
    HARD_STATE_LOST(1, () -> new PlantedBug() {
        @Override
        HardState onRestart(HardState found) {
            return new HardState(0, 0, found.commit());
        }
    }),

    /** A leader commits an entry of an older term because a majority has it (figure 8 of the paper). */
    OLD_TERM_COMMITTED_BY_COUNTING(124, () -> new PlantedBug() {
        private final TreeMap<Long, TreeMap<Long, Long>> matchOfTerm = new TreeMap<>();
        private final TreeSet<Long> members = new TreeSet<>();

        @Override
        List<Message> onReceive(long to, Message message) {
            if (message.type() == MessageType.APP_RESP && !message.reject()) {
                matchOfTerm
                        .computeIfAbsent(message.term(), term -> new TreeMap<>())
                        .merge(message.from(), message.index(), Math::max);
            }
            return List.of(message);
        }

        @Override
        List<Message> onSend(long from, Message message) {
            members.add(from);
            TreeMap<Long, Long> matches = matchOfTerm.get(message.term());
            if (message.type() != MessageType.APP || matches == null || members.size() < 3) {
                return List.of(message);
            }
            // The leader and so many others are a majority.
            int others = members.size() / 2;
            long counted = matches.values().stream()
                    .sorted(Comparator.reverseOrder())
                    .skip(others - 1)
                    .findFirst()
                    .orElse(0L);
            long sent = message.index() + message.entries().size();
            return List.of(message.toBuilder()
                    .commit(Math.max(message.commit(), Math.min(counted, sent)))
                    .build());
        }
    }),

    /** A leader answers linearizable reads by its own store, without asking whether it leads still. */
    STALE_READ_INDEX(72, () -> new PlantedBug() {
        @Override
        boolean readsWithoutQuorum() {
            return true;
        }
    }),

    /** What is appended is acknowledged before it is on the disk. */
    ACKNOWLEDGED_BEFORE_SYNC(1, () -> new PlantedBug() {
        @Override
        boolean disksLie() {
            return true;
        }
    }),

    /** Entries behind one that was replaced stay in the log. */
    LOG_NOT_TRUNCATED(113, () -> new PlantedBug() {
        @Override
        void replay(List<Entry> entries, Entry entry) {
            if (entry.index() <= entries.size()) {
                entries.set((int) entry.index() - 1, entry);
            } else {
                entries.add(entry);
            }
        }
    }),

    /** The applied index is durable, the last changes are not. */
    APPLIED_INDEX_AHEAD(1, () -> new PlantedBug() {
        @Override
        long appliedAtStart(long applied, MemoryRaftStorage log) {
            return applied == 0
                    ? 0
                    : Math.min(applied + 2, log.initialState().hardState().commit());
        }
    }),

    /** A vote for a candidate whose log is behind. */
    OUTDATED_CANDIDATE_ELECTED(2, () -> new PlantedBug() {
        @Override
        List<Message> onReceive(long to, Message message) {
            boolean asks = message.type() == MessageType.VOTE || message.type() == MessageType.PRE_VOTE;
            return List.of(
                    asks
                            ? message.toBuilder()
                                    .log(Long.MAX_VALUE / 2, Long.MAX_VALUE / 2)
                                    .build()
                            : message);
        }
    }),

    /** Two votes in one term. */
    DOUBLE_VOTE(2, () -> new PlantedBug() {
        @Override
        List<Message> onSend(long from, Message message) {
            boolean refuses = message.type() == MessageType.VOTE_RESP && message.reject();
            return refuses ? List.of(message.toBuilder().reject(false).build()) : List.of(message);
        }
    }),

    /** A change of membership takes effect before it is committed. */
    CONFIGURATION_BEFORE_COMMIT(56, () -> new PlantedBug() {
        @Override
        boolean reconfiguresEarly() {
            return true;
        }
    }),

    /** A leader that was stopped for a while ends leases that its successor has renewed. */
    LEASE_ENDED_BY_DEPOSED_LEADER(562, () -> new PlantedBug() {
        @Override
        boolean endsLeasesUnconfirmed() {
            return true;
        }
    });

    private final long knownSeed;
    private final Supplier<PlantedBug> maker;

    /** @param knownSeed a storm in which the bug shows */
    PlantedBugs(long knownSeed, Supplier<PlantedBug> maker) {
        this.knownSeed = knownSeed;
        this.maker = maker;
    }

    long knownSeed() {
        return knownSeed;
    }

    /** Whether the bug is looked for in storms: it needs elections more than time. */
    boolean inStorms() {
        return this != LEASE_ENDED_BY_DEPOSED_LEADER;
    }

    PlantedBug bug() {
        return maker.get();
    }
}
