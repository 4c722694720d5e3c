package dev.cairn.it.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.HashKVResponse;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Goal: at any revision after any compaction the digest is etcd's. Method: random histories of puts, deletions, transactions and
 * compactions on both servers; after each compaction and now and then between, the digests at many revisions, below and above what
 * can be read included. The seed is in the name of every failure; {@code -Dcairn.hash.seed=} repeats one.
 */
@Tag("oracle")
@Timeout(300)
class HashKvTest {
    private static final int ROUNDS = 12;
    private static final int WRITES = 40;
    private static final int KEYS = 12;

    @TempDir
    Path directory;

    static List<Long> seeds() {
        Long given = Long.getLong("cairn.hash.seed");
        return given != null ? List.of(given) : List.of(1L, 2L, 3L, System.nanoTime());
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void shouldEqualEtcd(long seed) {
        try (ServerProcess ours = ServerProcess.start(Programs.ours(), directory.resolve("ours"));
                ServerProcess real = ServerProcess.start(Programs.real("etcd"), directory.resolve("real"));
                Client one = new Client(ours);
                Client two = new Client(real)) {
            Random random = new Random(seed);
            long current = 1;
            long compacted = 0;
            for (int round = 0; round < ROUNDS; round++) {
                int writes = random.nextInt(WRITES);
                for (int i = 0; i < writes; i++) {
                    TxnRequest request = write(random);
                    TxnResponse response = one.kv.txn(request);
                    assertThat(two.kv.txn(request).getHeader().getRevision())
                            .as("seed %d", seed)
                            .isEqualTo(response.getHeader().getRevision());
                    current = response.getHeader().getRevision();
                }
                compare(seed, random, one, two, current, compacted);
                long target = compacted + 1 + random.nextInt((int) (current - compacted + 1));
                if (target <= current && random.nextInt(4) != 0) {
                    one.compact(target);
                    two.compact(target);
                    compacted = target;
                    compare(seed, random, one, two, current, compacted);
                }
            }
        }
    }

    private static void compare(long seed, Random random, Client one, Client two, long current, long compacted) {
        TreeSet<Long> revisions =
                new TreeSet<>(List.of(0L, current, current + 1, compacted, compacted - 1, compacted + 1));
        for (int i = 0; i < 12; i++) {
            revisions.add(1 + (long) random.nextInt((int) current));
        }
        for (long revision : revisions) {
            Function<Client, List<Object>> ask = client -> {
                List<Object> said = new ArrayList<>();
                try {
                    HashKVResponse hash = client.hashKv(revision);
                    said.add(hash.getHash());
                    said.add(hash.getCompactRevision());
                    said.add(hash.getHashRevision());
                    said.add(hash.getHeader().getRevision());
                } catch (StatusRuntimeException e) {
                    said.add(e.getMessage());
                }
                return said;
            };
            assertThat(ask.apply(one))
                    .as(
                            "seed %d: digest at %d, current %d, compacted %d (-Dcairn.hash.seed=%d)",
                            seed, revision, current, compacted, seed)
                    .isEqualTo(ask.apply(two));
        }
    }

    /** One revision at most: a few puts of different keys, or a deletion. */
    private static TxnRequest write(Random random) {
        TxnRequest.Builder txn = TxnRequest.newBuilder();
        if (random.nextInt(3) == 0) {
            DeleteRangeRequest.Builder delete = DeleteRangeRequest.newBuilder().setKey(key(random.nextInt(KEYS)));
            if (random.nextInt(3) == 0) {
                delete.setRangeEnd(key(random.nextInt(KEYS)));
            }
            return txn.addSuccess(RequestOp.newBuilder().setRequestDeleteRange(delete))
                    .build();
        }
        int first = random.nextInt(KEYS);
        for (int i = 0; i <= random.nextInt(3); i++) {
            txn.addSuccess(RequestOp.newBuilder()
                    .setRequestPut(PutRequest.newBuilder()
                            .setKey(key((first + i) % KEYS))
                            .setValue(ByteString.copyFromUtf8("v".repeat(random.nextInt(20))))));
        }
        return txn.build();
    }

    private static ByteString key(int number) {
        return ByteString.copyFromUtf8("key" + (char) ('a' + number));
    }
}
