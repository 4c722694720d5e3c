package dev.cairn.mvcc;

/**
 * The digest of all key-values at one revision; equal on every member, etcd's included. Immutable.
 *
 * @param hash CRC-32C
 * @param compactRevision the compacted revision that decided what counted; -1 when nothing was ever compacted
 * @param hashRevision the revision hashed
 * @param currentRevision the store's revision when the question was answered
 */
public record HashKv(int hash, long compactRevision, long hashRevision, long currentRevision) {}
