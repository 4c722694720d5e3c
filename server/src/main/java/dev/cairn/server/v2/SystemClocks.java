package dev.cairn.server.v2;

import dev.cairn.v2.Clocks;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** The process's clocks. */
enum SystemClocks implements Clocks {
    INSTANCE;

    @Override
    public long wallNanos() {
        Instant now = Instant.now();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }

    @Override
    public long monotonicNanos() {
        return System.nanoTime();
    }
}
