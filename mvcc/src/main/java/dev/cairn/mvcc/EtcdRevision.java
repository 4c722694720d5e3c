package dev.cairn.mvcc;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * A revision as etcd writes it: the keys of its bucket {@code key}, and the compacted revisions in its bucket {@code meta}. Byte order
 * is the order of the revisions. Immutable.
 *
 * <pre>
 * main 8, big-endian | '_' | sub 8, big-endian          a key was put
 * main 8, big-endian | '_' | sub 8, big-endian | 't'    a tombstone: a key was deleted
 * </pre>
 *
 * <p>Neither number is ever negative.
 */
public record EtcdRevision(Revision revision, boolean tombstone) {
    /** How long the form is of what is no tombstone. */
    public static final int BYTES = Long.BYTES + 1 + Long.BYTES;

    /** How long the form of a tombstone is. */
    public static final int TOMBSTONE_BYTES = BYTES + 1;

    private static final byte SEPARATOR = '_';
    private static final int SUB_AT = Long.BYTES + 1;
    private static final byte TOMBSTONE_MARK = 't';

    /** How much of what is no revision a message shows. */
    private static final int SHOWN_BYTES_MAX = 2 * BYTES;

    /** The form of a revision. */
    public static byte[] encode(Revision revision, boolean tombstone) {
        ByteBuffer buffer = ByteBuffer.allocate(tombstone ? TOMBSTONE_BYTES : BYTES);
        buffer.putLong(revision.main()).put(SEPARATOR).putLong(revision.sub());
        if (tombstone) {
            buffer.put(TOMBSTONE_MARK);
        }
        return buffer.array();
    }

    /** The form in which a compaction up to a main revision is recorded, and in which a revision begins that nobody has written at. */
    public static byte[] encode(long main) {
        return encode(new Revision(main, 0), false);
    }

    /**
     * Reads the form.
     *
     * @param place what to call the bytes in the message of a refusal, which shows their hex digits behind it
     * @throws InvalidContentException when they are anything else
     */
    public static EtcdRevision decode(String place, byte[] form) throws InvalidContentException {
        boolean tombstone = form.length == TOMBSTONE_BYTES;
        if (form.length != BYTES && !tombstone) {
            throw refusal(
                    place,
                    form,
                    "its length is " + form.length + " (expected: " + BYTES + ", or " + TOMBSTONE_BYTES
                            + " for a tombstone)");
        }
        if (form[Long.BYTES] != SEPARATOR) {
            throw refusal(place, form, "nothing separates its parts");
        }
        if (tombstone && form[BYTES] != TOMBSTONE_MARK) {
            throw refusal(place, form, "what stands behind it is not the mark of a tombstone");
        }
        ByteBuffer buffer = ByteBuffer.wrap(form);
        Revision revision = new Revision(buffer.getLong(0), buffer.getLong(SUB_AT));
        if (revision.main() < 0 || revision.sub() < 0) {
            throw refusal(place, form, revision + " is negative");
        }
        return new EtcdRevision(revision, tombstone);
    }

    /**
     * The main revision of a recorded compaction.
     *
     * @param place as for {@link #decode}
     * @throws InvalidContentException when the bytes are no revision, or that of a tombstone
     */
    public static long decodeCompaction(String place, byte[] form) throws InvalidContentException {
        EtcdRevision decoded = decode(place, form);
        if (decoded.tombstone()) {
            throw refusal(place, form, "a tombstone cannot stand here");
        }
        return decoded.main();
    }

    /** Which transaction of the store's history it is from. */
    public long main() {
        return revision.main();
    }

    private static InvalidContentException refusal(String place, byte[] form, String problem) {
        String shown = HexFormat.of().formatHex(form, 0, Math.min(form.length, SHOWN_BYTES_MAX));
        return new InvalidContentException(place + " " + shown + " is no revision", problem);
    }
}
