package dev.cairn.testing;

import java.security.SecureRandom;

/** The seed of a random test. Stateless. */
public final class Seed {
    private static final String PROPERTY = "cairn.seed";

    private Seed() {}

    /** The one that {@code -Dcairn.seed=N} names, or a new one. */
    public static long choose() {
        return Long.getLong(PROPERTY, new SecureRandom().nextInt(Integer.MAX_VALUE));
    }

    /** What to say to Maven to have this seed chosen again. */
    public static String replay(long seed) {
        return "-D" + PROPERTY + "=" + seed;
    }
}
