package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * One pair of etcd's bucket {@code key}, checked by itself. Immutable.
 *
 * @param key empty for the mark that {@code etcdutl snapshot restore --bump-revision} leaves: a revision at which nothing was written
 * @param keyValue as it stood in the bucket
 */
record LoadedRevision(
        Revision revision,
        boolean tombstone,
        ByteString key,
        long create,
        long version,
        long lease,
        ByteString keyValue) {
    private static final String PLACE = "bucket " + EtcdView.KEY_BUCKET + ", key";

    /** Takes the arrays over. */
    static LoadedRevision decode(byte[] key, byte[] keyValue) throws InvalidContentException {
        EtcdRevision place = EtcdRevision.decode(PLACE, key);
        Revision revision = place.revision();
        if (revision.sub() > Integer.MAX_VALUE) {
            throw wrong(key, "more changes in one transaction than a store can hold");
        }
        ByteString value = UnsafeByteOperations.unsafeWrap(keyValue);
        if (keyValue.length == 0 && !place.tombstone()) {
            return new LoadedRevision(revision, false, ByteString.EMPTY, 0, 0, 0, value);
        }
        return decode(key, revision, place.tombstone(), keyValue, value);
    }

    private static LoadedRevision decode(
            byte[] place, Revision revision, boolean tombstone, byte[] keyValue, ByteString value)
            throws InvalidContentException {
        KeyValueFields fields;
        try {
            fields = KeyValueFields.decode(keyValue);
        } catch (IOException e) {
            throw new InvalidContentException(place(place), "the key-value does not decode: " + e.getMessage(), e);
        }
        if (fields.key().isEmpty()) {
            throw wrong(place, "the key-value has no key");
        }
        // The digest of a member finds the key of a record as its first field.
        if (keyValue[0] != KeyValueFields.KEY_TAG) {
            throw wrong(place, "the key-value does not begin with its key");
        }
        if (tombstone) {
            return new LoadedRevision(revision, true, fields.key(), 0, 0, 0, value);
        }
        long create = fields.create();
        long mod = fields.mod();
        long version = fields.version();
        if (mod != revision.main() || create < 0 || create > mod || version < 1) {
            throw wrong(
                    place,
                    "the key-value names revision " + mod + ", creation " + create + " and version " + version
                            + " at revision " + revision);
        }
        return new LoadedRevision(revision, false, fields.key(), create, version, fields.lease(), value);
    }

    /** @param before the version before; null when there is none */
    KeyState state(@Nullable KeyState before) {
        Revision id = before == null ? revision : before.id();
        int step = Layout.nextStep(before == null ? 0 : before.step());
        return tombstone
                ? KeyState.tombstone(id, revision, step)
                : new KeyState(id, revision, step, false, create, version, lease, keyValue.size());
    }

    static String place(byte[] key) {
        return PLACE + " " + HexFormat.of().formatHex(key);
    }

    private static InvalidContentException wrong(byte[] key, String problem) {
        return new InvalidContentException(place(key), problem);
    }
}
