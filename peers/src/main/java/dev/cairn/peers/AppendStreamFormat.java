package dev.cairn.peers;

/**
 * Layout of the append stream, version 2. All integers have 8 bytes, big-endian, but the type has one.
 *
 * <pre>
 *   0                                                        link heartbeat
 *   1 | count | count times (length | raftpb.Entry) | commit   append that continues the one before
 *   2 | length | raftpb.Message                              any append
 * </pre>
 *
 * <p>Both ends keep a term and an index, zero at first. A full append sets them to its term and to the index of its last entry, or to its own
 * index if it has none; a short one adds its count to the index. An append is short if it stands at the kept index and if its term and the
 * term at its index are the kept one; the reader completes it from what it keeps.
 */
final class AppendStreamFormat {
    static final byte LINK_HEARTBEAT = 0;
    static final byte SHORT_APPEND = 1;
    static final byte FULL_APPEND = 2;

    private AppendStreamFormat() {}
}
