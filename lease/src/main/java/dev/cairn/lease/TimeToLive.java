package dev.cairn.lease;

/**
 * How long a lease will live if nobody renews it. Immutable.
 *
 * @param remainingSeconds the whole seconds that remain, zero or less once it has run out; -1 when there is no such lease
 * @param grantedSeconds the granted TTL; 0 when there is no such lease
 */
public record TimeToLive(long remainingSeconds, long grantedSeconds) {
    static final TimeToLive UNKNOWN = new TimeToLive(-1, 0);
}
