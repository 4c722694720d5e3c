package dev.cairn.raft.membership;

/** A membership change that is impossible in the configuration it was applied to. The message is etcd's. */
public final class ConfigurationException extends Exception {
    private static final long serialVersionUID = 1L;

    ConfigurationException(String message) {
        super(message);
    }
}
