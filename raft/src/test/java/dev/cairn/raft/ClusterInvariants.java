package dev.cairn.raft;

import dev.cairn.raft.message.Entry;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongUnaryOperator;

/**
 * The safety properties of the Raft paper (figure 3), checked against everything that was ever seen of any node.
 *
 * <ul>
 *   <li>Election safety: a term has one leader.
 *   <li>Log matching: an entry is known by term and index, with its content and all that precedes it. Checked by
 *       induction: content and term of the predecessor.
 *   <li>Leader completeness: a new leader has what was committed in earlier terms.
 *   <li>State machine safety: everybody applies the same at each index. Checked by a digest of all that was applied.
 * </ul>
 */
final class ClusterInvariants {
    private record Place(long term, long index) implements Comparable<Place> {
        @Override
        public int compareTo(Place other) {
            int order = Long.compare(index, other.index);
            return order != 0 ? order : Long.compare(term, other.term);
        }
    }

    private record Known(Entry entry, long termBefore) {}

    private record Committed(long entryTerm, long committedInTerm) {}

    private final Map<Long, Long> leaderOfTerm = new TreeMap<>();
    private final Map<Place, Known> entries = new TreeMap<>();
    private final TreeMap<Long, Committed> committed = new TreeMap<>();
    private final Map<Long, Long> digests = new TreeMap<>();

    /** The highest index that any node has ever known to be committed. */
    long committedIndex() {
        return committed.isEmpty() ? 0 : committed.lastKey();
    }

    /** A node leads a term. Its log answers with the term at an index, or zero where it has none any more. */
    void leads(long id, long term, LongUnaryOperator log) {
        Long other = leaderOfTerm.putIfAbsent(term, id);
        if (other != null) {
            if (other != id) {
                throw new AssertionError("election safety: term " + term + " is led by " + other + " and " + id);
            }
            return;
        }
        committed.forEach((index, one) -> {
            long has = log.applyAsLong(index);
            if (one.committedInTerm() < term && has != one.entryTerm() && has != ClusterSimulation.COMPACTED) {
                throw new AssertionError("leader completeness: " + id + " leads term " + term + " with term " + has
                        + " at index " + index + ", committed there is " + one);
            }
        });
    }

    /** Entries that a node puts into its log. */
    void appends(long id, long termBefore, List<Entry> appended) {
        long before = termBefore;
        for (Entry entry : appended) {
            Known now = new Known(entry, before);
            Known known = entries.putIfAbsent(new Place(entry.term(), entry.index()), now);
            if (known != null && !known.equals(now)) {
                throw new AssertionError("log matching: " + id + " has " + now + ", another has " + known);
            }
            before = entry.term();
        }
    }

    /** A node knows this entry to be committed. */
    void commits(long id, long term, long index, long entryTerm) {
        Committed known = committed.putIfAbsent(index, new Committed(entryTerm, term));
        if (known != null && known.entryTerm() != entryTerm) {
            throw new AssertionError("commitment: " + id + " has term " + entryTerm + " committed at index " + index
                    + ", another has " + known);
        }
    }

    /** The state machine of a node has reached this index. */
    void applies(long id, long index, long digest) {
        Long known = digests.putIfAbsent(index, digest);
        if (known != null && known != digest) {
            throw new AssertionError("state machine safety: " + id + " differs at index " + index);
        }
    }
}
