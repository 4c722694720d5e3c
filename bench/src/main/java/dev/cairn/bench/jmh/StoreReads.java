package dev.cairn.bench.jmh;

import com.google.protobuf.ByteString;
import dev.cairn.bench.process.Directories;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.RangeResult;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Reads of a store with 100,000 keys and values of 256 bytes, all of it in LMDB. Microseconds a call. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@SuppressWarnings("NullAway.Init") // The store is opened before the first call.
public class StoreReads {
    private static final int KEYS = 100_000;
    private static final int VALUE_BYTES = 256;
    private static final long QUOTA_BYTES = 2L << 30;
    private static final int OPERATIONS_PER_FLUSH = 10_000;

    private static final RangeRequest RANGE_1_000 = range(10_000, 11_000);
    private static final RangeRequest RANGE_10_000 = range(10_000, 20_000);
    private static final RangeRequest KEYS_ONLY =
            RANGE_10_000.toBuilder().setKeysOnly(true).build();
    private static final RangeRequest COUNT =
            RANGE_10_000.toBuilder().setCountOnly(true).build();
    private static final RangeRequest PAGE =
            RANGE_10_000.toBuilder().setLimit(500).build();
    private static final RangeRequest GET =
            RangeRequest.newBuilder().setKey(key(4711)).build();

    private Path directory;
    private MvccStore store;

    /** For JMH. */
    public StoreReads() {}

    @Setup
    public void fill() throws IOException, KvException {
        directory = Files.createTempDirectory("store-reads-");
        store = MvccStore.open(StoreOptions.lmdb(directory, QUOTA_BYTES));
        PutRequest.Builder put = PutRequest.newBuilder().setValue(ByteString.copyFrom(new byte[VALUE_BYTES]));
        for (int i = 0; i < KEYS; i++) {
            store.put(put.setKey(key(i)).build());
            store.applied(i + 1, 1);
            if (i % OPERATIONS_PER_FLUSH == OPERATIONS_PER_FLUSH - 1) {
                store.flusher().flush();
            }
        }
    }

    @TearDown
    public void remove() throws IOException {
        store.close();
        Directories.remove(directory);
    }

    private static ByteString key(int number) {
        return ByteString.copyFromUtf8(String.format("%08d", number));
    }

    private static RangeRequest range(int from, int end) {
        return RangeRequest.newBuilder().setKey(key(from)).setRangeEnd(key(end)).build();
    }

    @Benchmark
    public RangeResult get() throws KvException {
        return store.range(GET);
    }

    @Benchmark
    public RangeResult range1000() throws KvException {
        return store.range(RANGE_1_000);
    }

    @Benchmark
    public RangeResult range10000() throws KvException {
        return store.range(RANGE_10_000);
    }

    @Benchmark
    public RangeResult keysOnly10000() throws KvException {
        return store.range(KEYS_ONLY);
    }

    @Benchmark
    public RangeResult count10000() throws KvException {
        return store.range(COUNT);
    }

    /** The first 500 of 10,000 keys; the others are counted. */
    @Benchmark
    public RangeResult page500Of10000() throws KvException {
        return store.range(PAGE);
    }
}
