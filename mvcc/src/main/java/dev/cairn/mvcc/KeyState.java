package dev.cairn.mvcc;

import java.nio.ByteBuffer;

/**
 * What is known of one version of a key without its value; the newest one stands in the table {@code idx} in this form.
 * Immutable.
 *
 * <pre>
 * step and tombstone 1 | mod main 8 | mod sub 4 | id main 8 | id sub 4 | create 8 | version 8 | lease 8
 * </pre>
 *
 * @param id the revision at which the key's entry was made
 * @param revision the revision of this version
 * @param step its place in the chain, modulo {@link Layout#STEPS}
 * @param tombstone whether the key is deleted here; then the fields below are 0
 * @param create the revision at which this life of the key began
 * @param version the number of puts in this life
 * @param lease the lease the key hangs on, or 0
 */
record KeyState(Revision id, Revision revision, int step, boolean tombstone, long create, long version, long lease) {
    private static final int TOMBSTONE = 1;

    private static final int MOD_AT = 1;
    private static final int ID_AT = MOD_AT + Layout.REVISION_BYTES;
    private static final int CREATE_AT = ID_AT + Layout.REVISION_BYTES;
    private static final int VERSION_AT = CREATE_AT + Long.BYTES;
    private static final int LEASE_AT = VERSION_AT + Long.BYTES;
    static final int BYTES = LEASE_AT + Long.BYTES;

    void encode(ByteBuffer to) {
        to.put(Layout.head(step, tombstone ? TOMBSTONE : 0));
        Layout.putRevision(to, revision);
        Layout.putRevision(to, id);
        to.putLong(create).putLong(version).putLong(lease);
    }

    static KeyState decode(ByteBuffer from) {
        return new KeyState(
                idAt(from),
                revisionAt(from),
                Layout.stepOf(from),
                isTombstone(from),
                createAt(from),
                from.getLong(VERSION_AT),
                from.getLong(LEASE_AT));
    }

    // For scans, which look at one field of many entries.

    static boolean isTombstone(ByteBuffer encoded) {
        return (encoded.get(0) & TOMBSTONE) != 0;
    }

    static long mainAt(ByteBuffer encoded) {
        return encoded.getLong(MOD_AT);
    }

    static Revision revisionAt(ByteBuffer encoded) {
        return Layout.revisionAt(encoded, MOD_AT);
    }

    static long idMainAt(ByteBuffer encoded) {
        return encoded.getLong(ID_AT);
    }

    static Revision idAt(ByteBuffer encoded) {
        return Layout.revisionAt(encoded, ID_AT);
    }

    static long leaseAt(ByteBuffer encoded) {
        return encoded.getLong(LEASE_AT);
    }

    static long createAt(ByteBuffer encoded) {
        return encoded.getLong(CREATE_AT);
    }
}
