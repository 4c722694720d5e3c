package dev.cairn.sim;

import dev.cairn.raft.message.Entry;
import java.util.List;
import java.util.TreeMap;

/**
 * The safety properties of the Raft paper (figure 3), checked against everything that was ever seen of any member, over all its
 * lives.
 *
 * <ul>
 *   <li>Election safety: a term has one leader.
 *   <li>Log matching: an entry is known by term and index, with its content and the term of its predecessor.
 *   <li>Leader completeness: no later term puts another entry to a place that was committed, into any log.
 *   <li>Commitment: whoever knows an index to be committed has the same entry there.
 *   <li>State machine safety: at each index all members have changed their stores in the same way so far.
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

    private record Committed(long entryTerm, long inTerm) {}

    private final TreeMap<Long, Long> leaderOfTerm = new TreeMap<>();
    private final TreeMap<Place, Known> entries = new TreeMap<>();
    private final TreeMap<Long, Committed> committed = new TreeMap<>();
    private final TreeMap<Long, Long> digests = new TreeMap<>();

    /** The highest index that any member has ever known to be committed. */
    long committedIndex() {
        return committed.isEmpty() ? 0 : committed.lastKey();
    }

    /** How many terms had a leader. */
    int leaders() {
        return leaderOfTerm.size();
    }

    void leads(long member, long term) {
        Long other = leaderOfTerm.putIfAbsent(term, member);
        if (other != null && other != member) {
            throw new AssertionError("election safety: term " + term + " is led by " + Long.toHexString(other) + " and "
                    + Long.toHexString(member));
        }
    }

    /** Entries that are in a member's log, durably. */
    void appends(long member, long termBefore, List<Entry> appended) {
        long before = termBefore;
        for (Entry entry : appended) {
            Known now = new Known(entry, before);
            Known known = entries.putIfAbsent(new Place(entry.term(), entry.index()), now);
            if (known != null && !known.equals(now)) {
                throw new AssertionError(
                        "log matching: " + Long.toHexString(member) + " has " + now + ", another has " + known);
            }
            Committed there = committed.get(entry.index());
            if (there != null && there.entryTerm() != entry.term() && there.inTerm() < entry.term()) {
                throw new AssertionError("leader completeness: " + Long.toHexString(member) + " gets an entry of term "
                        + entry.term() + " at index " + entry.index() + ", where " + there + " is committed");
            }
            before = entry.term();
        }
    }

    /** A member knows this entry to be committed. */
    void commits(long member, long term, long index, long entryTerm) {
        Committed known = committed.putIfAbsent(index, new Committed(entryTerm, term));
        if (known != null && known.entryTerm() != entryTerm) {
            throw new AssertionError("commitment: " + Long.toHexString(member) + " has term " + entryTerm
                    + " committed at index " + index + ", another has " + known);
        }
    }

    /** The store of a member has reached this index, by changes with this digest. */
    void applies(long member, long index, long digest) {
        Long known = digests.putIfAbsent(index, digest);
        if (known != null && known != digest) {
            throw new AssertionError(
                    "state machine safety: " + Long.toHexString(member) + " differs at index " + index);
        }
    }

    /** The digest of the changes up to this index. */
    long digestAt(long index) {
        Long known = index == 0 ? Long.valueOf(0) : digests.get(index);
        if (known == null) {
            throw new AssertionError("a store is durable up to index " + index + ", which nobody has applied");
        }
        return known;
    }
}
