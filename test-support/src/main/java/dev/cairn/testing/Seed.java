package dev.cairn.testing;

import java.security.SecureRandom;
import java.util.Random;

/** The seed of a random test. Stateless. */
public final class Seed {
    private static final String PROPERTY = "cairn.seed";
    private static final String SOURCE = "cairn.seeds";

    private Seed() {}

    /**
     * The one that {@code -Dcairn.seed=N} names; or one that follows from {@code -Dcairn.seeds=TEXT} and the asking class, which is how a
     * test is random in each state of the source, and the same whenever that state is tested; or else a new one.
     */
    public static long choose() {
        Long given = Long.getLong(PROPERTY);
        if (given != null) {
            return given;
        }
        String source = System.getProperty(SOURCE, "");
        if (source.isEmpty()) {
            return new SecureRandom().nextInt(Integer.MAX_VALUE);
        }
        String asking = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
                .getCallerClass()
                .getName();
        return new Random((source + asking).hashCode()).nextInt(Integer.MAX_VALUE);
    }

    /** Whether {@code -Dcairn.seed=N} asks for one run of that seed. */
    public static boolean isGiven() {
        return Long.getLong(PROPERTY) != null;
    }

    /** What to say to Maven to have this seed chosen again. */
    public static String replay(long seed) {
        return "-D" + PROPERTY + "=" + seed;
    }
}
