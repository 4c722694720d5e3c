package dev.cairn.server;

import dev.cairn.raft.RaftListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts what the Raft core says into the log, under the name that etcd gives it. Confined to the Raft loop. */
final class RaftLog implements RaftListener {
    private static final Logger LOG = LoggerFactory.getLogger("raft");

    @Override
    public boolean isEnabled(Level level) {
        return LOG.isEnabledForLevel(slf4j(level));
    }

    @Override
    public void log(Level level, String text) {
        LOG.atLevel(slf4j(level)).log(text);
    }

    private static org.slf4j.event.Level slf4j(Level level) {
        return switch (level) {
            case DEBUG -> org.slf4j.event.Level.DEBUG;
            case INFO -> org.slf4j.event.Level.INFO;
            case WARN -> org.slf4j.event.Level.WARN;
            case ERROR -> org.slf4j.event.Level.ERROR;
        };
    }
}
