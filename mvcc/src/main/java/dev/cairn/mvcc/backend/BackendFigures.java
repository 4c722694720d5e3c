package dev.cairn.mvcc.backend;

/**
 * What a backend's storage is made of, for metrics. Immutable; zeros where a backend has no such thing.
 *
 * @param pageBytes the size of a page
 * @param pages that the file has, those that nobody uses included
 * @param pagesFree that a later commit may use again
 * @param mapBytes the most that the data may ever take
 * @param readers transactions that read now
 * @param readersMax one more waits
 */
public record BackendFigures(long pageBytes, long pages, long pagesFree, long mapBytes, int readers, int readersMax) {}
