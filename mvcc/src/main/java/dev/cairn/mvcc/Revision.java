package dev.cairn.mvcc;

/**
 * The place of one change in the store's history: {@code main} counts the transactions that changed something, {@code sub}
 * the changes within one of them, from 0. Immutable.
 */
public record Revision(long main, long sub) implements Comparable<Revision> {
    @Override
    public int compareTo(Revision other) {
        int order = Long.compare(main, other.main);
        return order != 0 ? order : Long.compare(sub, other.sub);
    }

    /** Whether a history without gaps could have this behind the other. */
    boolean follows(Revision other) {
        return main == other.main ? sub == other.sub + 1 : main == other.main + 1 && sub == 0;
    }

    @Override
    public String toString() {
        return main + "/" + sub;
    }
}
