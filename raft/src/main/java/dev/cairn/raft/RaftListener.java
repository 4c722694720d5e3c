package dev.cairn.raft;

/**
 * Hears what happens inside the core, in the words of etcd's log.
 *
 * <p>Called on the thread that drives the node, in the middle of a step: an implementation must return soon and must not
 * call the node.
 */
public interface RaftListener {
    /** Hears nothing. */
    RaftListener SILENT = new RaftListener() {
        @Override
        public boolean isEnabled(Level level) {
            return false;
        }

        @Override
        public void log(Level level, String text) {}
    };

    /** How much a line matters. */
    enum Level {
        DEBUG,
        INFO,
        WARN,
        ERROR
    }

    /** Whether lines of this level are wanted; others are not even composed. */
    boolean isEnabled(Level level);

    /**
     * Whether lines are wanted that tell of nothing unusual although etcd logs them with {@link Level#INFO}: with
     * asynchronous storage writes a busy node has some in every {@code Ready}.
     */
    default boolean isRoutineEnabled() {
        return isEnabled(Level.DEBUG);
    }

    /** One line. */
    void log(Level level, String text);
}
