package dev.cairn.bbolt;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/** Files for tests, and what is in them. */
final class Bolts {
    /** The digest of the files plain, unlisted and small-pages, as the program that made them printed it. */
    static final String GOLDEN_DIGEST = "20649af1204aac3d5521a1c876ac7c00deafcf823b2c8db333d99f66a4e1d4f3";

    private Bolts() {}

    static Path golden(Path directory, String name) throws IOException {
        Path file = directory.resolve(name + ".db");
        try (InputStream packed = Objects.requireNonNull(Bolts.class.getResourceAsStream(name + ".db.gz"), name);
                InputStream plain = new GZIPInputStream(packed)) {
            Files.copy(plain, file);
        }
        return file;
    }

    /** The digest that {@code bolt check} prints. */
    static String digest(BoltFile file) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            walk(file.root(), digest);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static void walk(BoltBucket bucket, MessageDigest digest) throws IOException {
        BoltCursor cursor = bucket.cursor();
        while (cursor.next()) {
            boolean inner = cursor.isBucket();
            digest.update((byte) (inner ? 'B' : 'P'));
            add(digest, cursor.key());
            if (inner) {
                digest.update(number(cursor.bucket().sequence()));
                walk(cursor.bucket(), digest);
                digest.update((byte) 'E');
            } else {
                add(digest, cursor.value());
            }
        }
    }

    private static void add(MessageDigest digest, byte[] bytes) {
        digest.update(number(bytes.length));
        digest.update(bytes);
    }

    private static byte[] number(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }

    /** Buckets and their pairs, in order. */
    static final class Content {
        final NavigableMap<byte[], NavigableMap<byte[], byte[]>> buckets = new TreeMap<>(Arrays::compareUnsigned);

        Map<byte[], byte[]> bucket(String name) {
            return buckets.computeIfAbsent(
                    name.getBytes(StandardCharsets.UTF_8), any -> new TreeMap<>(Arrays::compareUnsigned));
        }
    }

    static Content random(Random random) {
        Content content = new Content();
        int buckets = random.nextInt(12);
        for (int b = 0; b < buckets; b++) {
            Map<byte[], byte[]> pairs = content.bucket("bucket-" + random.nextInt(1000));
            int keyMax = 1 + random.nextInt(random.nextInt(10) == 0 ? 5000 : 40);
            int valueMax = random.nextInt(random.nextInt(5) == 0 ? 20_000 : 100) + 1;
            for (int i = random.nextInt(random.nextInt(3) == 0 ? 4 : 700); i > 0; i--) {
                byte[] key = new byte[1 + random.nextInt(keyMax)];
                byte[] value = new byte[random.nextInt(valueMax)];
                random.nextBytes(key);
                random.nextBytes(value);
                pairs.put(key, value);
            }
        }
        return content;
    }

    static BoltPlan plan(Content content, int pageSize) {
        BoltPlan plan = new BoltPlan(pageSize);
        content.buckets.forEach((name, pairs) -> {
            plan.bucket(name.length);
            pairs.forEach((key, value) -> plan.pair(key.length, value.length));
        });
        plan.finish();
        return plan;
    }

    static Path write(Content content, int pageSize, Path file) throws IOException {
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            BoltWriter writer = new BoltWriter(out, plan(content, pageSize));
            for (Map.Entry<byte[], NavigableMap<byte[], byte[]>> bucket : content.buckets.entrySet()) {
                writer.bucket(bucket.getKey());
                for (Map.Entry<byte[], byte[]> pair : bucket.getValue().entrySet()) {
                    writer.pair(ByteBuffer.wrap(pair.getKey()), ByteBuffer.wrap(pair.getValue()));
                }
            }
            writer.finish();
        }
        return file;
    }

    /** Changes bytes of a file and, if wanted, makes the checksum of both metas right again. */
    static void patch(Path file, long offset, ByteBuffer bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(bytes, offset);
        }
    }

    static ByteBuffer meta(int pageSize, long root, long freelist, long highWater, long transaction, long page) {
        return new BoltMeta(pageSize, root, 0, freelist, highWater, transaction).encode(page);
    }
}
