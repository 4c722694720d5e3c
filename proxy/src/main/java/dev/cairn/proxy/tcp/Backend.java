package dev.cairn.proxy.tcp;

import java.util.concurrent.atomic.AtomicBoolean;

/** Where connections may go. Thread-safe: only whether it is active changes. */
public final class Backend {
    private final String host;
    private final int port;
    private final int priority;
    private final int weight;
    private final AtomicBoolean active = new AtomicBoolean(true);

    /**
     * @param priority those with the lowest number are used as long as one of them is active
     * @param weight the share of connections among those with the same priority; 0 for taking turns
     */
    public Backend(String host, int port, int priority, int weight) {
        this.host = host;
        this.port = port;
        this.priority = priority;
        this.weight = weight;
    }

    public String host() {
        return host;
    }

    public int port() {
        return port;
    }

    int priority() {
        return priority;
    }

    int weight() {
        return weight;
    }

    boolean isActive() {
        return active.get();
    }

    /** True when this changed it. */
    boolean setActive(boolean now) {
        return active.getAndSet(now) != now;
    }

    /** Host and port as log lines show them. */
    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
