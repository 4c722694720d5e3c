package dev.cairn.raft;

import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Runs a test body with many seeds, and names the one that fails. {@code -Dcairn.raft.seed} runs a single one. */
public final class Seeds {
    private Seeds() {}

    public static void forEach(int count, Consumer<SplittableRandom> body) {
        Long given = Long.getLong("cairn.raft.seed");
        long first = given == null ? 1 : given;
        long last = given == null ? count : given;
        for (long seed = first; seed <= last; seed++) {
            try {
                body.accept(new SplittableRandom(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("failed with -Dcairn.raft.seed=" + seed, e);
            }
        }
    }
}
