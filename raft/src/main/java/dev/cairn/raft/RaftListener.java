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

    /** One line. */
    void log(Level level, String text);
}
