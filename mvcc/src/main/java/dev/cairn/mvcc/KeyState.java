package dev.cairn.mvcc;

import java.nio.ByteBuffer;

/**
 * What is known of one version of a key without its value; the newest one stands in the table {@code idx} in this form.
 * Immutable.
 *
 * <pre>
 * step and tombstone 1 | mod main 8 | mod sub 4 | id main 8 | id sub 4 | create 8 | version 8 | lease 8 | length 4
 * </pre>
 *
 * <p>The length was not always written; an entry without it is read like one with a length of 0.
 *
 * @param id the revision at which the key's entry was made
 * @param revision the revision of this version
 * @param step its place in the chain, modulo {@link Layout#STEPS}
 * @param tombstone whether the key is deleted here; then the fields below are 0
 * @param create the revision at which this life of the key began
 * @param version the number of puts in this life
 * @param lease the lease the key hangs on, or 0
 * @param keyValueBytes how long the encoded key-value is, so that a range can be measured without a look at its values; 0 if that was
 *     not noted
 */
record KeyState(
        Revision id,
        Revision revision,
        int step,
        boolean tombstone,
        long create,
        long version,
        long lease,
        int keyValueBytes) {
    private static final int TOMBSTONE = 1;

    private static final int MOD_AT = 1;
    private static final int ID_AT = MOD_AT + Layout.REVISION_BYTES;
    private static final int CREATE_AT = ID_AT + Layout.REVISION_BYTES;
    private static final int VERSION_AT = CREATE_AT + Long.BYTES;
    private static final int LEASE_AT = VERSION_AT + Long.BYTES;
    private static final int LENGTH_AT = LEASE_AT + Long.BYTES;
    static final int BYTES = LENGTH_AT + Integer.BYTES;

    /** Of an entry that does not tell the length. */
    static final int BYTES_WITHOUT_LENGTH = LENGTH_AT;

    /** A deleted key. */
    static KeyState tombstone(Revision id, Revision revision, int step) {
        return new KeyState(id, revision, step, true, 0, 0, 0, 0);
    }

    void encode(ByteBuffer to) {
        to.put(Layout.head(step, tombstone ? TOMBSTONE : 0));
        Layout.putRevision(to, revision);
        Layout.putRevision(to, id);
        to.putLong(create).putLong(version).putLong(lease).putInt(keyValueBytes);
    }

    static KeyState decode(ByteBuffer from) {
        return new KeyState(
                idAt(from),
                revisionAt(from),
                Layout.stepOf(from),
                isTombstone(from),
                createAt(from),
                versionAt(from),
                leaseAt(from),
                keyValueBytesAt(from));
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

    static long versionAt(ByteBuffer encoded) {
        return encoded.getLong(VERSION_AT);
    }

    static int keyValueBytesAt(ByteBuffer encoded) {
        return encoded.remaining() < BYTES ? 0 : encoded.getInt(LENGTH_AT);
    }

    static long createAt(ByteBuffer encoded) {
        return encoded.getLong(CREATE_AT);
    }
}
