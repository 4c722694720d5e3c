package dev.cairn.lease;

/** What the lessor tells of its work, for metrics. Called by any thread; must not block. */
public interface LeaseMeter {
    /** Counts nothing. */
    LeaseMeter NONE = new LeaseMeter() {};

    /** A lease was granted for so many seconds. */
    default void onGrant(long ttlSeconds) {}

    /** A lease was renewed by the primary. */
    default void onRenew() {}

    /** A lease was revoked, by a client or because it had run out. */
    default void onRevoke() {}
}
