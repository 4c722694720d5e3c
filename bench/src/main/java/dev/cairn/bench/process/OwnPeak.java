package dev.cairn.bench.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.locks.LockSupport;

/** Looks every few milliseconds how much memory of its own a server has, for the kernel remembers the peak of that together with files only. */
public final class OwnPeak implements AutoCloseable {
    private static final long EVERY_NANOS = 10_000_000;

    private final Server server;
    private final Thread thread;
    private volatile double peak;
    private volatile boolean ended;

    public OwnPeak(Server server) throws IOException {
        this.server = server;
        peak = server.usage().ownMebibytes();
        thread = new Thread(this::look, "own-peak");
        thread.setDaemon(true);
        thread.start();
    }

    private void look() {
        while (!ended) {
            try {
                peak = Math.max(peak, server.usage().ownMebibytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            LockSupport.parkNanos(EVERY_NANOS);
        }
    }

    public double mebibytes() {
        return peak;
    }

    @Override
    public void close() throws IOException {
        ended = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw Waiting.interrupted(e);
        }
    }
}
