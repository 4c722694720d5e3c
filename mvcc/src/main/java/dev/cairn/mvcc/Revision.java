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

    @Override
    public String toString() {
        return main + "/" + sub;
    }
}
