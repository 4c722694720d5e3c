package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: digests equal those of a real etcd. Method: replay of histories that one has carried out, with its answers; the
 * script beside the resources has made them.
 */
@Timeout(60)
class HashHistoryTest {
    private static final MvccStore.BucketVisitor NOTHING = new MvccStore.BucketVisitor() {
        @Override
        public void bucket(String name) {}

        @Override
        public void pair(ByteString key, ByteString value) {}
    };

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldEqualEtcd(int history) throws Exception {
        String name = "hash_history_" + history + ".txt";
        List<String> lines;
        try (InputStream in = Objects.requireNonNull(HashHistoryTest.class.getResourceAsStream(name), name)) {
            lines = new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .toList();
        }
        assertThat(lines).hasSizeGreaterThan(500);
        try (MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()))) {
            for (int i = 0; i < lines.size(); i++) {
                replay(store, lines.get(i).split(" "), name + ":" + (i + 1));
                store.applied(i + 1, 1);
                // Carries out what was compacted, as etcd did before it went on.
                store.export(NOTHING);
            }
        }
    }

    private static void replay(MvccStore store, String[] words, String where) throws Exception {
        switch (words[0]) {
            case "put" -> store.put(put(words[1], words[2]));
            case "delete" ->
                store.deleteRange(DeleteRangeRequest.newBuilder()
                        .setKey(bytes(words[1]))
                        .setRangeEnd(bytes(words[2]))
                        .build());
            case "txn" ->
                store.txn(TxnRequest.newBuilder()
                        .addSuccess(RequestOp.newBuilder().setRequestPut(put(words[1], words[2])))
                        .addSuccess(RequestOp.newBuilder().setRequestPut(put(words[3], words[4])))
                        .build());
            case "compact" -> store.scheduleCompaction(Long.parseLong(words[1]), null);
            case "hash" -> hash(store, words, where);
            default -> throw new AssertionError(where);
        }
    }

    private static void hash(MvccStore store, String[] words, String where) throws KvException {
        long revision = Long.parseLong(words[1]);
        if (words[2].equals("error")) {
            assertThatThrownBy(() -> store.hashKv(revision)).as(where).isInstanceOf(KvException.class);
            return;
        }
        HashKv expected = new HashKv(
                Integer.parseUnsignedInt(words[2]),
                Long.parseLong(words[3]),
                Long.parseLong(words[4]),
                store.currentRevision());
        assertThat(store.hashKv(revision)).as(where).isEqualTo(expected);
    }

    private static PutRequest put(String key, String value) {
        return PutRequest.newBuilder().setKey(bytes(key)).setValue(bytes(value)).build();
    }

    private static ByteString bytes(String word) {
        return word.equals("-")
                ? ByteString.EMPTY
                : ByteString.copyFrom(Base64.getDecoder().decode(word));
    }
}
