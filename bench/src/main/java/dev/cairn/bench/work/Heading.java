package dev.cairn.bench.work;

import java.util.List;

/**
 * What is known of a work without running it. Immutable.
 *
 * @param name how it is called on the command line and in the table
 */
record Heading(String name, Group group, List<Target> targets) {
    static Heading of(String name, Group group, Target... targets) {
        return new Heading(name, group, List.of(targets));
    }
}
