package dev.cairn.mvcc.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every backend must do. */
@Timeout(60)
public abstract class BackendContractTest {
    protected static final TableRef FIRST = new TableRef(0, "first");
    protected static final TableRef SECOND = new TableRef(1, "second");
    protected static final List<TableRef> TABLES = List.of(FIRST, SECOND);

    private Backend backend;

    /** Opens the same storage again and again. */
    protected abstract Backend open();

    @BeforeEach
    void openFirst() {
        backend = open();
    }

    @AfterEach
    void closeLast() {
        backend.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static @Nullable String text(@Nullable ByteBuffer buffer) {
        return buffer == null
                ? null
                : StandardCharsets.ISO_8859_1.decode(buffer.duplicate()).toString();
    }

    private void put(TableRef table, String... pairs) {
        try (WriteTxn txn = backend.write()) {
            for (int i = 0; i < pairs.length; i += 2) {
                txn.put(table, bytes(pairs[i]), bytes(pairs[i + 1]));
            }
            txn.commit();
        }
    }

    private List<String> pairs(TableRef table) {
        List<String> pairs = new ArrayList<>();
        try (ReadTxn txn = backend.read();
                Cursor cursor = txn.cursor(table)) {
            for (boolean found = cursor.first(); found; found = cursor.next()) {
                pairs.add(text(cursor.key()) + "=" + text(cursor.value()));
            }
            assertThat(txn.entries(table)).isEqualTo(pairs.size());
        }
        return pairs;
    }

    @Test
    void shouldKeepTablesApartAndInByteOrder() {
        put(FIRST, "b", "1", "\u00ff", "2", "a", "3", "a\u0000", "");
        put(SECOND, "b", "other");
        assertThat(pairs(FIRST)).containsExactly("a=3", "a\u0000=", "b=1", "\u00ff=2");
        assertThat(pairs(SECOND)).containsExactly("b=other");
    }

    @Test
    void shouldForgetWhatWasNotCommitted() {
        put(FIRST, "a", "1");
        try (WriteTxn txn = backend.write()) {
            txn.put(FIRST, bytes("a"), bytes("2"));
            txn.put(FIRST, bytes("b"), bytes("2"));
            assertThat(txn.delete(FIRST, bytes("a"))).isTrue();
            assertThat(txn.delete(FIRST, bytes("a"))).isFalse();
            assertThat(txn.get(FIRST, bytes("a"))).isNull();
            assertThat(text(txn.get(FIRST, bytes("b")))).isEqualTo("2");
        }
        assertThat(pairs(FIRST)).containsExactly("a=1");
    }

    @Test
    void shouldShowReadersTheStateTheyBeganWith() {
        put(FIRST, "a", "1");
        try (ReadTxn before = backend.read()) {
            put(FIRST, "a", "2", "b", "2");
            assertThat(text(before.get(FIRST, bytes("a")))).isEqualTo("1");
            assertThat(before.get(FIRST, bytes("b"))).isNull();
            assertThat(before.entries(FIRST)).isEqualTo(1);
        }
        assertThat(pairs(FIRST)).containsExactly("a=2", "b=2");
    }

    @Test
    void shouldAppendOnlyGreaterKeys() {
        put(FIRST, "b", "1");
        try (WriteTxn txn = backend.write()) {
            txn.append(FIRST, bytes("c"), 1).put((byte) 'x');
            assertThatThrownBy(() -> txn.append(FIRST, bytes("a"), 1)).isInstanceOf(BackendException.class);
        }
        assertThat(pairs(FIRST)).containsExactly("b=1");
    }

    @Test
    void shouldSeekToTheFirstKeyNotLess() {
        put(FIRST, "b", "1", "d", "2");
        try (ReadTxn txn = backend.read();
                Cursor cursor = txn.cursor(FIRST)) {
            assertThat(cursor.seek(bytes("c"))).isTrue();
            assertThat(text(cursor.key())).isEqualTo("d");
            assertThat(cursor.previous()).isTrue();
            assertThat(text(cursor.key())).isEqualTo("b");
            assertThat(cursor.previous()).isFalse();
            assertThat(cursor.seek(bytes("e"))).isFalse();
            assertThat(cursor.last()).isTrue();
            assertThat(text(cursor.value())).isEqualTo("2");
            assertThat(cursor.next()).isFalse();
        }
    }

    @Test
    void shouldSurviveReopeningAndDefragmentation() {
        byte[] large = new byte[100_000];
        Arrays.fill(large, (byte) 7);
        for (int i = 0; i < 40; i++) {
            put(FIRST, "large" + i, new String(large, StandardCharsets.ISO_8859_1));
        }
        try (WriteTxn txn = backend.write()) {
            for (int i = 0; i < 39; i++) {
                txn.delete(FIRST, bytes("large" + i));
            }
            txn.put(SECOND, bytes("x"), bytes("y"));
            txn.commit();
        }
        long before = backend.sizeOnDisk();
        assertThat(backend.sizeInUse()).isLessThanOrEqualTo(before).isGreaterThanOrEqualTo(large.length);
        assertThat(backend.defragment(nanos -> {})).isNotNegative();
        assertThat(backend.sizeOnDisk()).isLessThan(Math.max(before, 2L * large.length));
        assertThat(pairs(SECOND)).containsExactly("x=y");
        put(SECOND, "x", "z");
        backend.close();
        backend = open();
        assertThat(pairs(SECOND)).containsExactly("x=z");
        assertThat(pairs(FIRST)).hasSize(1);
    }

    @Test
    void shouldRefuseUseAfterClose() {
        ReadTxn over = backend.read();
        over.close();
        over.close();
        try (ReadTxn next = backend.read()) {
            // Closing a handle again must not touch the next one.
            over.close();
            assertThat(next.get(FIRST, bytes("a"))).isNull();
        }
        assertThatThrownBy(() -> over.get(FIRST, bytes("a"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> over.cursor(FIRST)).isInstanceOf(IllegalStateException.class);
        WriteTxn written = backend.write();
        written.commit();
        assertThatThrownBy(() -> written.put(FIRST, bytes("a"), bytes("b"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(written::commit).isInstanceOf(IllegalStateException.class);
        backend.close();
        backend.close();
        assertThatThrownBy(() -> backend.read()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> backend.write()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldWaitForReadersBeforeItCloses() throws Exception {
        put(FIRST, "a", "1");
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Thread reader = new Thread(() -> {
            try (ReadTxn txn = backend.read()) {
                reading.countDown();
                goOn.await(30, TimeUnit.SECONDS);
                assertThat(text(txn.get(FIRST, bytes("a")))).isEqualTo("1");
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        List<Throwable> failures = new ArrayList<>();
        reader.setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
        reader.start();
        assertThat(reading.await(30, TimeUnit.SECONDS)).isTrue();
        Thread closer = new Thread(backend::close);
        closer.start();
        closer.join(50);
        assertThat(closer.isAlive()).as("close waits for the reader").isTrue();
        goOn.countDown();
        reader.join(30_000);
        closer.join(30_000);
        assertThat(closer.isAlive()).isFalse();
        assertThat(failures).isEmpty();
    }

    @Test
    void shouldEqualSortedMap() {
        long seed = 42;
        Random random = new Random(seed);
        TreeMap<String, String> model = new TreeMap<>();
        for (int round = 0; round < 50; round++) {
            TreeMap<String, String> next = new TreeMap<>(model);
            boolean commits = random.nextInt(4) != 0;
            try (WriteTxn txn = backend.write()) {
                for (int i = 0; i < 40; i++) {
                    String key = Integer.toString(random.nextInt(100));
                    if (random.nextInt(3) == 0) {
                        assertThat(txn.delete(FIRST, bytes(key))).isEqualTo(next.remove(key) != null);
                    } else {
                        String value = "v".repeat(random.nextInt(random.nextInt(10) == 0 ? 9000 : 30));
                        txn.put(FIRST, bytes(key), bytes(value));
                        next.put(key, value);
                    }
                }
                if (commits) {
                    txn.commit();
                }
            }
            model = commits ? next : model;
            if (random.nextInt(10) == 0) {
                backend.defragment(nanos -> {});
            }
            List<String> expected = new ArrayList<>();
            model.forEach((key, value) -> expected.add(key + "=" + value));
            assertThat(pairs(FIRST)).as("seed %d, round %d", seed, round).isEqualTo(expected);
        }
    }
}
