package dev.cairn.testing.history;

/**
 * A version of a key. Immutable.
 *
 * @param lease 0 for none
 */
public record KeyValue(String key, String value, long createRevision, long modRevision, long version, long lease) {}
