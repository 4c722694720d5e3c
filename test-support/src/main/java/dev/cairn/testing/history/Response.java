package dev.cairn.testing.history;

import java.util.List;

/**
 * What a client was told. Immutable.
 *
 * @param revision the store's revision in the response's header; means nothing in a refusal, which has none
 */
public record Response(long revision, Result result) {
    /** The part that depends on the request. */
    public sealed interface Result {}

    public record Found(List<KeyValue> keyValues) implements Result {
        public Found {
            keyValues = List.copyOf(keyValues);
        }
    }

    /** What has been done and has nothing to show: puts, leases. */
    public record Done() implements Result {}

    public record Deleted(long count) implements Result {}

    public record Decided(boolean succeeded, List<Result> results) implements Result {
        public Decided {
            results = List.copyOf(results);
        }
    }

    /** Refused because of a lease that is not there, or is there already. */
    public record LeaseRefused() implements Result {}
}
