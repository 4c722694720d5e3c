package dev.cairn.it.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.bbolt.BoltBucket;
import dev.cairn.bbolt.BoltCursor;
import dev.cairn.bbolt.BoltFile;
import dev.cairn.bbolt.BoltPlan;
import dev.cairn.bbolt.BoltWriter;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: our database files and bbolt's are the same to both. Method: each checks and digests what the other has written. */
@Tag("oracle")
@Timeout(300)
class BoltTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int ROUNDS = 25;

    @TempDir
    Path directory;

    private static String bolt(String... arguments) {
        List<String> command = new ArrayList<>(List.of(Programs.real("bolt").toString()));
        command.addAll(List.of(arguments));
        return Command.run(command, LIMIT).success().trim();
    }

    @Test
    void shouldWriteWhatBboltAccepts() throws Exception {
        long seed = Seed.choose();
        System.out.println("seed " + seed + " (" + Seed.replay(seed) + ")");
        Random random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            Path path = directory.resolve("ours-" + round);
            write(random, 1024 << random.nextInt(5), path);
            String digest;
            try (BoltFile file = BoltFile.open(path)) {
                file.check();
                digest = digest(file);
            }
            assertThat(bolt("check", path.toString()))
                    .as("seed %d round %d", seed, round)
                    .isEqualTo(digest);
            // Splits and merges pages of ours.
            String appended = bolt("append", path.toString());
            try (BoltFile file = BoltFile.open(path)) {
                file.check();
                assertThat(digest(file)).as("seed %d round %d", seed, round).isEqualTo(appended);
            }
            Files.delete(path);
        }
    }

    @Test
    void shouldReadWhatBboltWrites() throws Exception {
        for (String kind : List.of("empty", "plain", "unlisted", "small-pages", "many-free")) {
            Path path = directory.resolve(kind);
            bolt("make", kind, path.toString());
            try (BoltFile file = BoltFile.open(path)) {
                file.check();
                assertThat(digest(file)).as(kind).isEqualTo(bolt("check", path.toString()));
            }
        }
    }

    private static void write(Random random, int pageSize, Path path) throws IOException {
        TreeMap<byte[], TreeMap<byte[], byte[]>> buckets = new TreeMap<>(Arrays::compareUnsigned);
        for (int i = random.nextInt(8); i >= 0; i--) {
            TreeMap<byte[], byte[]> pairs = new TreeMap<>(Arrays::compareUnsigned);
            int keyMax = random.nextInt(6) == 0 ? 4000 : 30;
            int valueMax = random.nextInt(4) == 0 ? 20_000 : 60;
            for (int j = random.nextInt(random.nextBoolean() ? 3 : 1500); j > 0; j--) {
                pairs.put(bytes(random, 1 + random.nextInt(keyMax)), bytes(random, random.nextInt(valueMax)));
            }
            buckets.put(bytes(random, 1 + random.nextInt(20)), pairs);
        }
        BoltPlan plan = new BoltPlan(pageSize);
        buckets.forEach((name, pairs) -> {
            plan.bucket(name.length);
            pairs.forEach((key, value) -> plan.pair(key.length, value.length));
        });
        plan.finish();
        try (FileChannel out = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            BoltWriter writer = new BoltWriter(out, plan);
            for (Map.Entry<byte[], TreeMap<byte[], byte[]>> bucket : buckets.entrySet()) {
                writer.bucket(bucket.getKey());
                for (Map.Entry<byte[], byte[]> pair : bucket.getValue().entrySet()) {
                    writer.pair(ByteBuffer.wrap(pair.getKey()), ByteBuffer.wrap(pair.getValue()));
                }
            }
            writer.finish();
        }
    }

    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** As {@code bolt check} computes it. */
    private static String digest(BoltFile file) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        walk(file.root(), digest);
        return HexFormat.of().formatHex(digest.digest());
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
}
