package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.lmdb.LmdbBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a killed process leaves the state at its applied index, with all tables in agreement. Method: a child applies a
 * seeded history, flushing and compacting all the time, and is killed; this process opens what it left, compares it with the
 * same history applied up to that index, and lets the next child go on from there.
 */
@Timeout(60)
class MvccStoreCrashTest {
    private static final long SEED = 11;
    private static final int ROUNDS = 3;

    @TempDir
    Path directory;

    @Test
    void shouldRecoverTheStateAtTheAppliedIndex() throws Exception {
        long before = 0;
        for (int round = 0; round < ROUNDS; round++) {
            killChild(round);
            try (MvccStore store = open(directory.resolve("killed"));
                    MvccStore expected = open(directory.resolve("expected" + round))) {
                long index = store.appliedState().index();
                assertThat(index).as("progress in round %d", round).isGreaterThan(before);
                before = index;
                StoreCheck.check(store.state.backend());
                for (long i = 1; i <= index; i++) {
                    apply(expected, i);
                }
                assertThat(store.currentRevision()).isEqualTo(expected.currentRevision());
                assertThat(store.compactedRevision()).isEqualTo(expected.compactedRevision());
                assertThat(store.keys()).isEqualTo(expected.keys());
                assertThat(content(store)).isEqualTo(content(expected));
                HashKv hash = store.hashKv(0);
                assertThat(hash).isEqualTo(expected.hashKv(0));
                StoreCheck.check(store.state.backend());
            }
        }
    }

    private void killChild(int round) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (argument.startsWith("--")) {
                command.add(argument);
            }
        }
        command.addAll(List.of(
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                MvccStoreCrashTest.class.getName(),
                directory.resolve("killed").toString()));
        Process child = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (InputStream out = child.getInputStream()) {
            // One byte for each flush; killed in the midst of the work behind one of them.
            for (int flushes = 0; flushes < 20 + 7 * round; flushes++) {
                assertThat(out.read()).as("the child's progress").isPositive();
            }
        } finally {
            child.destroyForcibly();
            assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** The child: applies the history from where the store stands, for ever. */
    public static void main(String[] arguments) throws Exception {
        try (MvccStore store = open(Path.of(arguments[0]))) {
            Thread housekeeping = new Thread(() -> {
                while (true) {
                    if (store.flusher().doWork(System.nanoTime()) == 0) {
                        Thread.onSpinWait();
                    }
                }
            });
            housekeeping.setDaemon(true);
            housekeeping.start();
            long durable = store.flusher().durableIndex();
            for (long index = store.appliedState().index() + 1; ; index++) {
                apply(store, index);
                if (store.flusher().durableIndex() != durable) {
                    durable = store.flusher().durableIndex();
                    System.out.write('.');
                    System.out.flush();
                }
            }
        }
    }

    private static MvccStore open(Path path) {
        return MvccStore.open(StoreOptions.of(tables -> LmdbBackend.open(path, 4L << 30, tables))
                .withFlush(TimeUnit.MILLISECONDS.toNanos(2), 200, 1 << 20)
                .withCompaction(50, 0));
    }

    /** Applies the entry of the index; the same each time. */
    private static void apply(MvccStore store, long index) throws KvException {
        Random random = new Random(SEED * 1_000_003 + index);
        ByteString key = ByteString.copyFromUtf8("k".repeat(random.nextInt(3) * 300) + random.nextInt(200));
        int what = random.nextInt(100);
        if (what < 80) {
            byte[] value = new byte[random.nextInt(200)];
            random.nextBytes(value);
            store.put(PutRequest.newBuilder()
                    .setKey(key)
                    .setValue(ByteString.copyFrom(value))
                    .build());
        } else if (what < 98) {
            store.deleteRange(DeleteRangeRequest.newBuilder().setKey(key).build());
        } else if (store.currentRevision() - 50 > store.compactedRevision()) {
            store.scheduleCompaction(store.currentRevision() - 50, null);
        }
        store.put(Table.CLUSTER, ByteString.copyFromUtf8("last"), ByteString.copyFromUtf8(Long.toString(index)));
        store.applied(index, 1);
    }

    private static RangeResult content(MvccStore store) throws KvException {
        store.flusher().flush();
        assertThat(store.get(Table.CLUSTER, ByteString.copyFromUtf8("last")))
                .isEqualTo(
                        ByteString.copyFrom(Long.toString(store.flusher().durableIndex()), StandardCharsets.US_ASCII));
        ByteString all = ByteString.copyFrom(new byte[] {0});
        return store.range(
                RangeRequest.newBuilder().setKey(all).setRangeEnd(all).build());
    }
}
