package dev.cairn.server.backup.archive;

/**
 * What a segment begins with. Immutable.
 *
 * @param cluster whose history it is
 * @param member who wrote it
 * @param line the stretch of history without a gap that it belongs to
 * @param after its rows are behind this revision
 * @param created milliseconds since 1970, by the clock of the member
 */
public record SegmentHeader(long cluster, long member, long line, long after, long created) {}
