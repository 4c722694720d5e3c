package dev.cairn.etcdutl;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.bbolt.BoltBucket;
import dev.cairn.bbolt.BoltCursor;
import dev.cairn.bbolt.BoltFile;
import dev.cairn.mvcc.EtcdRevision;
import dev.cairn.proto.mvccpb.KeyValue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * What etcd's tool tells of a snapshot file, or of the database of a stopped etcd. Immutable.
 *
 * @param hash CRC-32C over names, keys and values of all buckets, in their order
 * @param revision the newest one
 * @param keys how many keys live at that revision
 * @param bytes how much of the file the pages take; a snapshot has a checksum behind them
 * @param version the storage version; empty if the file names none
 */
record SnapshotStatus(int hash, long revision, int keys, long bytes, String version) {
    private static final String KEY_BUCKET = "key";

    /** Reads the whole file. */
    static SnapshotStatus of(Path path) throws IOException {
        try (BoltFile file = BoltFile.open(path)) {
            file.check();
            Reading reading = new Reading(path);
            BoltCursor buckets = file.root().cursor();
            while (buckets.next()) {
                if (!buckets.isBucket()) {
                    throw new IOException("nil bucket: \"" + new String(buckets.key(), StandardCharsets.UTF_8) + "\"");
                }
                reading.bucket(buckets.key(), buckets.bucket());
            }
            BoltBucket meta = file.root().bucket("meta");
            byte[] version = meta == null ? null : meta.get("storageVersion".getBytes(StandardCharsets.US_ASCII));
            return new SnapshotStatus(
                    (int) reading.hash.getValue(),
                    reading.revision,
                    reading.living.size(),
                    file.sizeBytes(),
                    version == null ? "" : new String(version, StandardCharsets.UTF_8));
        }
    }

    private static final class Reading {
        final CRC32C hash = new CRC32C();
        final Set<ByteString> living = new HashSet<>();
        long revision;
        private final Path path;
        private final String place;

        Reading(Path path) {
            this.path = path;
            this.place = path + ": bucket " + KEY_BUCKET + ", key";
        }

        void bucket(byte[] name, BoltBucket bucket) throws IOException {
            hash.update(name);
            boolean revisions = new String(name, StandardCharsets.UTF_8).equals(KEY_BUCKET);
            BoltCursor pairs = bucket.cursor();
            while (pairs.next()) {
                if (pairs.isBucket()) {
                    throw new IOException(path + " has a bucket within a bucket: it is no database of etcd's");
                }
                byte[] value = pairs.value();
                hash.update(pairs.key());
                hash.update(value);
                if (revisions) {
                    revision(pairs.key(), value);
                }
            }
        }

        private void revision(byte[] key, byte[] value) throws IOException {
            EtcdRevision written = EtcdRevision.decode(place, key);
            revision = written.main();
            try {
                ByteString name = KeyValue.parseFrom(value).getKey();
                if (written.tombstone()) {
                    living.remove(name);
                } else {
                    living.add(name);
                }
            } catch (InvalidProtocolBufferException e) {
                throw new IOException(path + " holds at revision " + revision + " what is no key-value: " + e, e);
            }
        }
    }
}
