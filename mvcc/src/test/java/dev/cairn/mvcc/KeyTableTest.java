package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class KeyTableTest {
    private final Backend backend = new MemoryBackend.Disk().open(Layout.TABLES);
    private final KeyTable table = new KeyTable(Layout.IDX);

    private void put(WriteTxn txn, ByteString key, int value) {
        table.reserve(txn, key, Integer.BYTES).putInt(value);
    }

    private List<Map.Entry<ByteString, Integer>> scan(ReadTxn txn, ByteString from) {
        List<Map.Entry<ByteString, Integer>> found = new ArrayList<>();
        try (KeyTable.Scan scan = table.scan(txn, from)) {
            for (; !scan.atEnd(); scan.next()) {
                found.add(Map.entry(scan.key(), scan.value().getInt(0)));
            }
        }
        return found;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void shouldKeepHostileNeighboursInOrder(long seed) {
        Random random = new Random(seed);
        List<ByteString> keys = HostileKeys.some(random, 60);
        TreeMap<ByteString, Integer> model = new TreeMap<>(KeyRange.KEY_ORDER);
        for (int step = 0; step < 300; step++) {
            try (WriteTxn txn = backend.write()) {
                for (int i = 0; i < 5; i++) {
                    ByteString key = keys.get(random.nextInt(keys.size()));
                    if (random.nextInt(5) < 2) {
                        assertThat(table.delete(txn, key)).isEqualTo(model.remove(key) != null);
                    } else {
                        put(txn, key, step);
                        model.put(key, step);
                    }
                }
                txn.commit();
            }
            ByteString probe = keys.get(random.nextInt(keys.size()));
            if (random.nextInt(3) == 0) {
                probe = probe.substring(0, random.nextInt(probe.size()));
            }
            try (ReadTxn txn = backend.read()) {
                List<Map.Entry<ByteString, Integer>> expected = new ArrayList<>();
                model.tailMap(probe).forEach((key, value) -> expected.add(Map.entry(key, value)));
                assertThat(scan(txn, probe)).as("seed %d, step %d", seed, step).isEqualTo(expected);
                ByteBuffer value = probe.isEmpty() ? null : table.get(txn, probe);
                assertThat(value == null ? null : value.getInt(0)).isEqualTo(model.get(probe));
                try (KeyTable.Scan scan = table.scan(txn, ByteString.EMPTY)) {
                    for (ByteString key : model.keySet()) {
                        assertThat(Integer.signum(scan.compareTo(probe.asReadOnlyByteBuffer())))
                                .isEqualTo(Integer.signum(KeyRange.KEY_ORDER.compare(key, probe)));
                        scan.next();
                    }
                }
            }
        }
        try (WriteTxn txn = backend.write()) {
            model.keySet().forEach(key -> table.delete(txn, key));
            assertThat(txn.entries(Layout.IDX)).isZero();
            assertThat(txn.entries(Layout.LONG)).as("no node stays behind").isZero();
        }
    }

    @Test
    void shouldTakeKeysOfMegabytes() {
        byte[] bytes = new byte[1_400_000];
        Arrays.fill(bytes, (byte) 0xff);
        ByteString huge = ByteString.copyFrom(bytes);
        ByteString sibling = huge.substring(0, huge.size() - 1).concat(ByteString.copyFrom(new byte[] {0}));
        ByteString parent = huge.substring(0, huge.size() - 1);
        try (WriteTxn txn = backend.write()) {
            put(txn, huge, 1);
            put(txn, sibling, 2);
            put(txn, parent, 3);
            put(txn, ByteString.copyFromUtf8("a"), 4);
            List<ByteString> found = new ArrayList<>();
            try (KeyTable.Scan scan = table.scan(txn, ByteString.EMPTY)) {
                for (; !scan.atEnd(); scan.next()) {
                    found.add(scan.key());
                }
            }
            assertThat(found.equals(List.of(ByteString.copyFromUtf8("a"), parent, sibling, huge)))
                    .isTrue();
            assertThat(table.delete(txn, parent)).isTrue();
            assertThat(table.delete(txn, parent)).isFalse();
            assertThat(table.delete(txn, huge)).isTrue();
            assertThat(table.get(txn, sibling))
                    .isEqualTo(ByteBuffer.allocate(Integer.BYTES).putInt(0, 2));
            assertThat(table.delete(txn, sibling)).isTrue();
            assertThat(txn.entries(Layout.LONG)).isZero();
        }
    }
}
