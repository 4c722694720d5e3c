package dev.cairn.wal;

import dev.cairn.raft.message.HardState;

/**
 * What a log said besides its entries.
 *
 * @param metadata whose log it is
 * @param hardState the last one; empty if none was ever written
 * @param lastIndex the last entry's index, or that of the snapshot the log was read from if no entry follows it
 * @param torn whether the last write before a crash was torn, so that the log ends before it; never true of a log that was
 *     opened for appending
 */
public record WalContents(WalMetadata metadata, HardState hardState, long lastIndex, boolean torn) {}
