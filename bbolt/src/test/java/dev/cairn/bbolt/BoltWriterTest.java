package dev.cairn.bbolt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.testing.Seed;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoltWriterTest {
    private static final int ROUNDS = 60;

    @TempDir
    Path temp;

    /** Goal: what is written is read. Method: random buckets, page sizes and lengths; the file is checked and compared. */
    @Test
    void shouldBeReadAsItWasWritten() throws IOException {
        long seed = Seed.choose();
        System.out.println("seed " + seed + " (" + Seed.replay(seed) + ")");
        Random random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            Bolts.Content content = Bolts.random(random);
            int pageSize = 1024 << random.nextInt(7);
            Path path = Bolts.write(content, pageSize, temp.resolve("db-" + round));
            assertThat(Files.size(path))
                    .as("seed %d round %d", seed, round)
                    .isEqualTo(Bolts.plan(content, pageSize).bytes());
            try (BoltFile file = BoltFile.open(path)) {
                file.check();
                compare(file, content, "seed " + seed + " round " + round);
            }
            Files.delete(path);
        }
    }

    private static void compare(BoltFile file, Bolts.Content content, String name) throws IOException {
        BoltCursor buckets = file.root().cursor();
        for (Map.Entry<byte[], NavigableMap<byte[], byte[]>> bucket : content.buckets.entrySet()) {
            assertThat(buckets.next()).as(name).isTrue();
            assertThat(buckets.key()).as(name).isEqualTo(bucket.getKey());
            assertThat(buckets.isBucket()).as(name).isTrue();
            BoltCursor pairs = buckets.bucket().cursor();
            for (Map.Entry<byte[], byte[]> pair : bucket.getValue().entrySet()) {
                assertThat(pairs.next()).as(name).isTrue();
                assertThat(Arrays.equals(pairs.key(), pair.getKey())).as(name).isTrue();
                assertThat(Arrays.equals(pairs.value(), pair.getValue()))
                        .as(name)
                        .isTrue();
            }
            assertThat(pairs.next()).as(name).isFalse();
        }
        assertThat(buckets.next()).as(name).isFalse();
    }

    @Test
    void shouldKeepNothingButAPageForEachLevel() throws IOException {
        // 200 MB through a writer: what it holds shows in the heap only if it holds on to it.
        int pairs = 200_000;
        byte[] value = new byte[1000];
        BoltPlan plan = new BoltPlan(4096);
        plan.bucket(1);
        for (int i = 0; i < pairs; i++) {
            plan.pair(Integer.BYTES, value.length);
        }
        plan.finish();
        long[] written = new long[1];
        WritableByteChannel out = Channels.newChannel(new OutputStream() {
            @Override
            public void write(int b) {
                written[0]++;
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
                written[0] += length;
            }
        });
        BoltWriter writer = new BoltWriter(out, plan);
        writer.bucket(new byte[] {1});
        for (int i = 0; i < pairs; i++) {
            writer.pair(ByteBuffer.allocate(Integer.BYTES).putInt(i).flip(), ByteBuffer.wrap(value));
            // A leaf takes four pairs here; nothing older than one page of each of three levels may be held back.
            assertThat(written[0]).isGreaterThanOrEqualTo((long) (i / 4 - 1) * 4096);
        }
        writer.finish();
        assertThat(written[0]).isEqualTo(plan.bytes());
    }

    @Test
    void shouldRefuseWhatIsNotInOrder() throws IOException {
        BoltPlan plan = new BoltPlan(4096);
        plan.finish();
        BoltWriter writer = new BoltWriter(Channels.newChannel(OutputStream.nullOutputStream()), plan);
        writer.bucket(new byte[] {5});
        writer.pair(ByteBuffer.wrap(new byte[] {5, 0}), ByteBuffer.allocate(0));
        assertThatThrownBy(() -> writer.pair(ByteBuffer.wrap(new byte[] {5}), ByteBuffer.allocate(0)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.pair(ByteBuffer.wrap(new byte[] {5, 0}), ByteBuffer.allocate(0)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.pair(ByteBuffer.allocate(0), ByteBuffer.allocate(0)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.bucket(new byte[] {5})).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldNoticeThatItGotSomethingElseThanThePlan() throws IOException {
        BoltPlan plan = new BoltPlan(4096);
        plan.bucket(1);
        plan.pair(1, 10_000);
        plan.finish();
        BoltWriter writer = new BoltWriter(Channels.newChannel(OutputStream.nullOutputStream()), plan);
        writer.bucket(new byte[] {5});
        writer.pair(ByteBuffer.wrap(new byte[] {5}), ByteBuffer.allocate(100));
        assertThatThrownBy(writer::finish).isInstanceOf(IllegalStateException.class);
    }
}
