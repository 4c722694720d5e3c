package dev.cairn.server.backup;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cairn.bbolt.BoltBucket;
import dev.cairn.bbolt.BoltCursor;
import dev.cairn.bbolt.BoltFile;
import dev.cairn.server.digest.Digests;
import dev.cairn.server.version.ServerVersion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A snapshot that was taken, or the database of a stopped etcd. Confined to one thread.
 *
 * <p>Nothing in the file is believed: a walk takes no longer, and hands over no more bytes, than the file is long, and a pair has a bound
 * ({@link #PAIR_BYTES_MAX}); what is wrong ends in an {@link IOException} with the file and the place.
 */
public final class DatabaseFile implements TableSource, AutoCloseable {
    /** What is the value of a pair at most: an eighth of the heap, which is far more than any request of etcd's takes. */
    static final int PAIR_BYTES_MAX = (int) Math.min(
            BoltFile.VALUE_BYTES_MAX, Math.max(16 << 20, Runtime.getRuntime().maxMemory() / 8));

    private static final int DIGEST_BYTES = 32;

    /** Files that are a multiple of it are databases without a digest behind them; a page has never been smaller. */
    private static final int SECTOR_BYTES = 512;

    private static final int PIECE_BYTES = 1 << 20;

    private final Path path;
    private final BoltFile file;

    private DatabaseFile(Path path, BoltFile file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Opens a file and, if it is a snapshot, compares its checksum.
     *
     * @param withoutHash whether the checksum does not matter, and a file that has none will do
     * @throws IOException in etcd's words when the checksum is missing or wrong; when it is no database of an etcd that this release knows
     */
    public static DatabaseFile open(Path path, boolean withoutHash, WorkProgress progress) throws IOException {
        if (!withoutHash) {
            checkHash(path, progress);
        }
        BoltFile file = BoltFile.open(path, PAIR_BYTES_MAX);
        try {
            checkContent(path, file);
            return new DatabaseFile(path, file);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Whether a checksum follows the pages, as it does in a snapshot. */
    public static boolean hasHash(Path path) throws IOException {
        return Files.size(path) % SECTOR_BYTES == DIGEST_BYTES;
    }

    /** @throws IOException in etcd's words when the checksum is missing or wrong */
    public static void checkHash(Path path, WorkProgress progress) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long length = channel.size();
            if (length % SECTOR_BYTES != DIGEST_BYTES) {
                throw new IOException("snapshot missing hash but --skip-hash-check=false");
            }
            long all = length - DIGEST_BYTES;
            MessageDigest digest = Digests.sha256();
            ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
            for (long at = 0; at < all; at += piece.limit()) {
                read(channel, at, piece.clear().limit((int) Math.min(PIECE_BYTES, all - at)), path);
                digest.update(piece.duplicate());
                progress.at("checking", at, all);
            }
            ByteBuffer named = ByteBuffer.allocate(DIGEST_BYTES);
            read(channel, all, named, path);
            byte[] found = digest.digest();
            if (!Arrays.equals(found, named.array())) {
                throw new IOException("expected sha256 " + decimal(named.array()) + ", got " + decimal(found));
            }
        }
    }

    /** Fills the buffer, and makes it ready to be read. */
    private static void read(FileChannel channel, long from, ByteBuffer to, Path path) throws IOException {
        while (to.hasRemaining()) {
            if (channel.read(to, from + to.position()) < 0) {
                throw new IOException(path + " has become shorter while it was read");
            }
        }
        to.flip();
    }

    /** As etcd shows it. */
    private static String decimal(byte[] digest) {
        List<String> numbers = new ArrayList<>();
        for (byte each : digest) {
            numbers.add(Integer.toString(Byte.toUnsignedInt(each)));
        }
        return "[" + String.join(" ", numbers) + "]";
    }

    private static void checkContent(Path path, BoltFile file) throws IOException {
        for (String needed : List.of("key", "meta")) {
            if (file.root().bucket(needed) == null) {
                throw new IOException(path + " is not a database of etcd: it has no bucket " + needed);
            }
        }
        BoltBucket meta = file.root().bucket("meta");
        byte[] text = meta == null ? null : meta.get("storageVersion".getBytes(US_ASCII));
        if (text == null || text.length == 0) {
            return;
        }
        ServerVersion version;
        try {
            version = ServerVersion.require(new String(text, UTF_8));
        } catch (IllegalStateException | IllegalArgumentException e) {
            throw new IOException(path + " names a storage version which is none: " + e.getMessage(), e);
        }
        if (ServerVersion.own().isOlderThan(version)) {
            throw new IOException(path + " has storage version " + version + ", which is newer than this release's "
                    + ServerVersion.own());
        }
    }

    /** The length of the pages, without what follows them. */
    @Override
    public long bytes() {
        return file.sizeBytes();
    }

    @Override
    public void visit(Visitor visitor) throws IOException {
        long handedOver = 0;
        BoltCursor buckets = file.root().cursor();
        while (buckets.next()) {
            String name = name(buckets.key());
            if (!buckets.isBucket()) {
                throw new IOException(path + " has the pair '" + name + "' outside of all buckets");
            }
            visitor.bucket(name);
            BoltCursor pairs = buckets.bucket().cursor();
            while (pairs.next()) {
                if (pairs.isBucket()) {
                    throw new IOException(
                            path + " has a bucket within the bucket " + name + ": it is no database of etcd's");
                }
                byte[] key = pairs.key();
                byte[] value = pairs.value();
                handedOver += (long) key.length + value.length;
                // Elements that share their bytes would make much of a little.
                if (handedOver > file.sizeBytes()) {
                    throw new IOException(path + " is damaged: the pairs up to one of bucket " + name
                            + " are longer than the whole file");
                }
                visitor.pair(key, value);
            }
        }
    }

    private String name(byte[] bytes) throws IOException {
        String text = new String(bytes, UTF_8);
        if (!Arrays.equals(text.getBytes(UTF_8), bytes)) {
            throw new IOException(path + " has a bucket whose name is no text: " + Arrays.toString(bytes));
        }
        return text;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
