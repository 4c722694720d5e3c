package dev.cairn.server.v2;

import dev.cairn.v2.KeyRequest;

/** Hears of what is done to the keys of v2 on this member. Thread-safe; returns at once. */
@FunctionalInterface
public interface KeyOperations {
    /** Something was done, or was tried and refused. */
    void done(KeyRequest.Intent intent, boolean success);
}
