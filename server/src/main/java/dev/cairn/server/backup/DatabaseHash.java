package dev.cairn.server.backup;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import dev.cairn.bbolt.BoltBucket;
import dev.cairn.bbolt.BoltCursor;
import dev.cairn.bbolt.BoltFile;
import dev.cairn.mvcc.EtcdRevision;
import dev.cairn.mvcc.HashKv;
import dev.cairn.mvcc.KeyValueFields;
import dev.cairn.mvcc.KvException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The digest of all key-values in a database file at one revision, as {@code HashKV} of the server that starts on it. Used once, by one
 * thread.
 *
 * <p>The file is walked through twice: which version of each key is the newest one is known at the end only. In memory are all keys, as
 * in an etcd that opens the file.
 */
public final class DatabaseHash {
    /** Where the newest version of a key is a tombstone. */
    private static final long DEAD = -1;

    private final Path path;
    private final String place;
    private final BoltFile file;
    private final WorkProgress progress;

    private DatabaseHash(Path path, BoltFile file, WorkProgress progress) {
        this.path = path;
        this.place = path + ": bucket key, key";
        this.file = file;
        this.progress = progress;
    }

    /**
     * @param revision 0 for the newest one
     * @throws KvException COMPACTED or FUTURE_REVISION
     */
    public static HashKv of(Path path, long revision, WorkProgress progress) throws IOException, KvException {
        try (BoltFile file = BoltFile.open(path, DatabaseFile.PAIR_BYTES_MAX)) {
            return new DatabaseHash(path, file, progress).run(revision);
        }
    }

    private interface Pairs {
        void pair(long at, byte[] key, EtcdRevision revision, byte[] value) throws IOException;
    }

    private HashKv run(long wanted) throws IOException, KvException {
        BoltBucket keys = bucket("key");
        BoltBucket meta = bucket("meta");
        long compacted = Math.max(compaction(meta, "finishedCompactRev"), compaction(meta, "scheduledCompactRev"));
        long current = Math.max(Math.max(newest(keys), compacted), 1);
        if (wanted > current) {
            throw new KvException(KvException.Reason.FUTURE_REVISION);
        }
        if (wanted > 0 && wanted < compacted) {
            throw new KvException(KvException.Reason.COMPACTED);
        }
        long revision = wanted == 0 ? current : wanted;

        Map<ByteString, Long> newestOfKeys = new HashMap<>();
        walk(keys, revision, "reading keys", (at, key, written, value) -> {
            newestOfKeys.put(key(written, value), written.tombstone() ? DEAD : at);
        });
        boolean anythingLives = newestOfKeys.values().stream().anyMatch(at -> at != DEAD);
        CRC32C crc = new CRC32C();
        crc.update("key".getBytes(US_ASCII));
        walk(keys, revision, "hashing", (at, key, written, value) -> {
            if (written.tombstone() && written.main() == compacted) {
                return;
            }
            boolean mayBeSuperseded = written.main() <= compacted && anythingLives;
            Long newestAt = mayBeSuperseded ? newestOfKeys.get(key(written, value)) : Long.valueOf(at);
            if (newestAt != null && newestAt == at) {
                crc.update(key);
                crc.update(value);
            }
        });
        return new HashKv((int) crc.getValue(), compacted, revision, current);
    }

    private BoltBucket bucket(String name) throws IOException {
        BoltBucket bucket = file.root().bucket(name);
        if (bucket == null) {
            throw new IOException(path + " is not a database of etcd: it has no bucket " + name);
        }
        return bucket;
    }

    private long compaction(BoltBucket meta, String name) throws IOException {
        byte[] value = meta.get(name.getBytes(US_ASCII));
        return value == null ? -1 : EtcdRevision.decodeCompaction(path + ": " + name, value);
    }

    private long newest(BoltBucket keys) throws IOException {
        long newest = 0;
        // Behind all revisions there can be none; the last one is found by halving.
        long low = 0;
        long high = Long.MAX_VALUE;
        while (low <= high) {
            long middle = low + (high - low) / 2;
            BoltCursor cursor = keys.cursor();
            if (cursor.seek(ByteBuffer.allocate(Long.BYTES).putLong(middle).array())) {
                newest = revision(cursor.key()).main();
                if (newest == Long.MAX_VALUE) {
                    break;
                }
                low = newest + 1;
            } else {
                high = middle - 1;
            }
        }
        return newest;
    }

    private void walk(BoltBucket keys, long revision, String step, Pairs pairs) throws IOException {
        BoltCursor cursor = keys.cursor();
        long read = 0;
        for (long at = 0; cursor.next(); at++) {
            byte[] key = cursor.key();
            EtcdRevision written = revision(key);
            if (written.main() > revision) {
                break;
            }
            byte[] value = cursor.value();
            read += (long) key.length + value.length;
            if (read > file.sizeBytes()) {
                throw new IOException(path + " is damaged: the key-values up to revision " + written.main()
                        + " are longer than the whole file");
            }
            pairs.pair(at, key, written, value);
            if (at % 1024 == 0) {
                progress.at(step, read, file.sizeBytes());
            }
        }
    }

    private EtcdRevision revision(byte[] key) throws IOException {
        return EtcdRevision.decode(place, key);
    }

    /** Of the key-value; empty for the mark of a revision at which nothing was written. */
    private ByteString key(EtcdRevision written, byte[] keyValue) throws IOException {
        try {
            return KeyValueFields.decode(keyValue).key();
        } catch (IOException e) {
            throw new IOException(
                    path + " holds at revision " + written.main() + " what is no key-value: " + e.getMessage(), e);
        }
    }
}
