package dev.cairn.bench.work;

/**
 * Something that a run of a work tells in one number. Immutable.
 *
 * @param name tells it from the other figures of the same work
 * @param moreIsBetter whether a target is a least or a most
 */
public record Figure(String name, String unit, boolean moreIsBetter) {
    /** One of those of which less is better, as of most. */
    static Figure of(String name, String unit) {
        return new Figure(name, unit, false);
    }
}
