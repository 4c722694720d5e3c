package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What the table {@code rev} holds of one revision. Immutable.
 *
 * <pre>
 * step and flags 1 | key id 12, unless it is this revision | predecessor 12, if there is one | mvccpb.KeyValue
 * </pre>
 *
 * <p>The predecessors make the chain on which older versions are found (see {@link Layout}). With them and the key id compaction clears
 * {@code hist} without a look at {@code idx}.
 *
 * @param id the key's id
 * @param step its place in the chain, modulo {@link Layout#STEPS}
 * @param tombstone whether the key was deleted here; then the key-value has the key only
 * @param previous the revision of the version before this one, which compaction may have removed since
 * @param previousTombstone whether that version was a tombstone
 * @param keyValue the encoded {@code mvccpb.KeyValue}, canonical
 */
record RevisionRecord(
        Revision id,
        int step,
        boolean tombstone,
        @Nullable Revision previous,
        boolean previousTombstone,
        ByteString keyValue) {
    private static final int FLAG_TOMBSTONE = 1;
    private static final int FLAG_OTHER_ID = 2;
    static final int FLAG_PREVIOUS = 4;
    private static final int FLAG_PREVIOUS_TOMBSTONE = 8;

    /** The length of the encoded form of a version. */
    static int bytes(Version version) {
        return 1
                + (version.state().id().equals(version.revision()) ? 0 : Layout.REVISION_BYTES)
                + (version.previous() == null ? 0 : Layout.REVISION_BYTES)
                + version.keyValue().size();
    }

    static void encode(Version version, ByteBuffer to) {
        boolean otherId = !version.state().id().equals(version.revision());
        Revision previous = version.previous();
        int flags = (version.tombstone() ? FLAG_TOMBSTONE : 0)
                | (otherId ? FLAG_OTHER_ID : 0)
                | (previous != null ? FLAG_PREVIOUS : 0)
                | (version.previousTombstone() ? FLAG_PREVIOUS_TOMBSTONE : 0);
        to.put(Layout.head(version.state().step(), flags));
        if (otherId) {
            Layout.putRevision(to, version.state().id());
        }
        if (previous != null) {
            Layout.putRevision(to, previous);
        }
        version.keyValue().copyTo(to);
    }

    static RevisionRecord decode(Revision revision, ByteBuffer from) {
        return new RevisionRecord(
                idOf(revision, from),
                Layout.stepOf(from),
                isTombstone(from),
                previousOf(from),
                isPreviousTombstone(from),
                keyValue(from));
    }

    static Revision idOf(Revision revision, ByteBuffer encoded) {
        return (encoded.get(0) & FLAG_OTHER_ID) == 0 ? revision : Layout.revisionAt(encoded, 1);
    }

    static @Nullable Revision previousOf(ByteBuffer encoded) {
        int flags = encoded.get(0);
        if ((flags & FLAG_PREVIOUS) == 0) {
            return null;
        }
        return Layout.revisionAt(encoded, 1 + ((flags & FLAG_OTHER_ID) == 0 ? 0 : Layout.REVISION_BYTES));
    }

    static boolean isPreviousTombstone(ByteBuffer encoded) {
        return (encoded.get(0) & FLAG_PREVIOUS_TOMBSTONE) != 0;
    }

    static boolean isTombstone(ByteBuffer encoded) {
        return (encoded.get(0) & FLAG_TOMBSTONE) != 0;
    }

    /** A copy of the key-value alone. */
    static ByteString keyValue(ByteBuffer encoded) {
        return ByteString.copyFrom(keyValueBuffer(encoded));
    }

    /** The key-value where it stands. */
    static ByteBuffer keyValueBuffer(ByteBuffer encoded) {
        int flags = encoded.get(0);
        int at = 1
                + ((flags & FLAG_OTHER_ID) != 0 ? Layout.REVISION_BYTES : 0)
                + ((flags & FLAG_PREVIOUS) != 0 ? Layout.REVISION_BYTES : 0);
        return encoded.duplicate().position(at);
    }
}
