package dev.cairn.server.install;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.bbolt.BoltFormat;
import dev.cairn.bbolt.BoltPlan;
import dev.cairn.bbolt.BoltWriter;
import dev.cairn.mvcc.EtcdRevision;
import dev.cairn.mvcc.LeaseAttachments;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.mvccpb.KeyValue;
import dev.cairn.testing.Seed;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Goal: a database becomes a store with the same content, and what is no database of a fitting etcd is refused by name. */
@Timeout(600)
class DatabaseImportTest {
    @TempDir
    Path directory;

    private StoreOptions store() {
        return StoreOptions.lmdb(directory.resolve("store"), 0);
    }

    @Test
    void shouldImportAMember() throws Exception {
        Path database = Databases.member(40, 30).write(directory.resolve("db"));
        assertThat(DatabaseImport.run(database, store()).index()).isEqualTo(40);
        try (MvccStore store = MvccStore.open(store())) {
            assertThat(store.appliedState().index()).isEqualTo(40);
            assertThat(store.appliedState().term()).isEqualTo(3);
            assertThat(store.currentRevision()).isEqualTo(31);
            assertThat(store.keys()).isEqualTo(30);
            assertThat(store.range(RangeRequest.newBuilder()
                                    .setKey(ByteString.copyFromUtf8("key-7"))
                                    .build())
                            .count())
                    .isEqualTo(1);
        }
        assertThat(DatabaseImport.appliedIndex(database)).isEqualTo(40);
    }

    @Test
    void shouldRefuseVersionsThatDoNotFit() throws Exception {
        Path newer =
                Databases.member(40, 1).put("meta", "storageVersion", "3.8.0").write(directory.resolve("newer"));
        assertThatThrownBy(() -> DatabaseImport.run(newer, store()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("storage version 3.8.0")
                .hasMessageContaining("newer");
        Databases.Content old = Databases.member(40, 1).remove("meta", "storageVersion");
        // 3.5 as it is after a snapshot.
        assertThat(DatabaseImport.run(old.write(directory.resolve("35")), store())
                        .index())
                .isEqualTo(40);
        Path older = old.remove("meta", "term").write(directory.resolve("34"));
        assertThatThrownBy(() -> DatabaseImport.run(older, StoreOptions.lmdb(directory.resolve("other"), 0)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("3.4 or older");
    }

    @Test
    void shouldRefuseWhatIsNoDatabase() throws Exception {
        Path text = Files.writeString(directory.resolve("text"), "not a database".repeat(2000));
        assertThatThrownBy(() -> DatabaseImport.run(text, store()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("text");
        Path other = new Databases.Content().put("things", "a", "b").write(directory.resolve("other"));
        assertThatThrownBy(() -> DatabaseImport.run(other, store()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a database of etcd");
        Path wrong = Databases.member(40, 1)
                .put("key", new byte[] {1, 2}, new byte[3])
                .write(directory.resolve("wrong"));
        assertThatThrownBy(() -> DatabaseImport.run(wrong, store()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("bucket key, key 0102");
    }

    /** Goal: never anything but an {@link IOException}, whatever bytes change. */
    @Test
    void shouldSurviveChangedBytes() throws Exception {
        long seed = Seed.choose();
        Random random = new Random(seed);
        byte[] sound = Files.readAllBytes(Databases.member(40, 300).write(directory.resolve("sound")));
        Path file = directory.resolve("damaged");
        for (int round = 0; round < 60; round++) {
            byte[] damaged = sound.clone();
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            Files.write(
                    file, random.nextInt(5) == 0 ? Arrays.copyOf(damaged, random.nextInt(damaged.length)) : damaged);
            Path into = directory.resolve("store-" + round);
            try {
                DatabaseImport.run(file, StoreOptions.lmdb(into, 0));
            } catch (IOException e) {
                assertThat(e).as("seed %d round %d", seed, round).hasMessageNotContaining("null");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + " round " + round, e);
            }
            AsideStores.remove(into);
        }
    }

    /** Figures: {@code -Dcairn.import.keys=4000000}. */
    @Test
    @EnabledIfSystemProperty(named = "cairn.import.keys", matches = "\\d+")
    void shouldBeQuick() throws Exception {
        int keys = Integer.getInteger("cairn.import.keys");
        int valueBytes = Integer.getInteger("cairn.import.value", 200);
        boolean ordered = Boolean.getBoolean("cairn.import.ordered");
        Path database = directory.resolve("large");
        try (FileChannel out = FileChannel.open(database, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            BoltPlan plan = new BoltPlan(BoltFormat.DEFAULT_PAGE_BYTES);
            large(keys, valueBytes, ordered, new Target() {
                @Override
                public void bucket(byte[] name) {
                    plan.bucket(name.length);
                }

                @Override
                public void pair(byte[] key, byte[] value) {
                    plan.pair(key.length, value.length);
                }
            });
            plan.finish();
            BoltWriter writer = new BoltWriter(out, plan);
            large(keys, valueBytes, ordered, new Target() {
                @Override
                public void bucket(byte[] name) throws IOException {
                    writer.bucket(name);
                }

                @Override
                public void pair(byte[] key, byte[] value) throws IOException {
                    writer.pair(ByteBuffer.wrap(key), ByteBuffer.wrap(value));
                }
            });
            writer.finish();
        }
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long begun = System.nanoTime();
        long cpuBegun = threads.getCurrentThreadCpuTime();
        DatabaseImport.run(database, store());
        double seconds = (System.nanoTime() - begun) / 1e9;
        double cpuSeconds = (threads.getCurrentThreadCpuTime() - cpuBegun) / 1e9;
        System.out.printf(
                "imported %d keys, %d MB in %.1f s (%.1f s of a processor): %.0f keys/s, store %d MB, heap %d MB%n",
                keys,
                Files.size(database) >> 20,
                seconds,
                cpuSeconds,
                keys / seconds,
                Files.size(directory.resolve("store/data.mdb")) >> 20,
                (Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory()) >> 20);
        begun = System.nanoTime();
        try (MvccStore store = MvccStore.open(store())) {
            store.setLeases(LeaseAttachments.forgetful(lease -> false));
            System.out.printf("opened with a walk over all keys in %.1f s%n", (System.nanoTime() - begun) / 1e9);
            assertThat(store.keys()).isEqualTo(keys);
        }
    }

    private interface Target {
        void bucket(byte[] name) throws IOException;

        void pair(byte[] key, byte[] value) throws IOException;
    }

    private static void large(int keys, int valueBytes, boolean ordered, Target target) throws IOException {
        Random random = new Random(1);
        byte[] value = new byte[valueBytes];
        for (var bucket : Databases.member(40, 0).buckets.entrySet()) {
            target.bucket(bucket.getKey().getBytes(UTF_8));
            for (var pair : bucket.getValue().entrySet()) {
                target.pair(pair.getKey(), pair.getValue());
            }
            if (bucket.getKey().equals("key")) {
                for (int i = 0; i < keys; i++) {
                    random.nextBytes(value);
                    long number = ordered ? i : i * 0x9E3779B97F4A7C15L;
                    target.pair(
                            EtcdRevision.encode(2L + i),
                            KeyValue.newBuilder()
                                    .setKey(ByteString.copyFromUtf8(String.format("/registry/%016x", number)))
                                    .setCreateRevision(2L + i)
                                    .setModRevision(2L + i)
                                    .setVersion(1)
                                    .setValue(ByteString.copyFrom(value))
                                    .build()
                                    .toByteArray());
                }
            }
        }
    }
}
