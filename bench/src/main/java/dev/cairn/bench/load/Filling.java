package dev.cairn.bench.load;

import dev.cairn.bench.process.Channels;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;

/** Puts that nobody measures, many to a transaction. Stateless. */
public final class Filling {
    private static final int PUTS_PER_TXN = 100;
    private static final int UNDER_WAY_MAX = 32;

    /** More than either server lets pass between two snapshots of its log. */
    private static final int ENTRIES_OF_A_SNAPSHOT = 12_000;

    /** What a slow machine does in a second; to foretell how long it takes. */
    private static final double PUTS_PER_SECOND = 40_000;

    private Filling() {}

    /** Puts the keys below this number. */
    public static void keys(Channels to, int keys) throws IOException {
        puts(to, keys, PUTS_PER_TXN, Keys::put);
    }

    /** @return the revision after the last of them */
    public static long puts(Channels to, long count, LongFunction<PutRequest> put) throws IOException {
        return puts(to, count, PUTS_PER_TXN, put);
    }

    /**
     * @param perTxn how many of them make a transaction; no key may be in it twice
     * @return the revision after the last of them; 0 if there were none
     */
    public static long puts(Channels to, long count, int perTxn, LongFunction<PutRequest> put) throws IOException {
        AtomicLong revision = new AtomicLong();
        UnderWay underWay = new UnderWay(UNDER_WAY_MAX);
        ManagedChannel channel = to.open(0);
        try {
            KVGrpc.KVStub kv = KVGrpc.newStub(channel);
            for (long from = 0; from < count; from += perTxn) {
                TxnRequest.Builder txn = TxnRequest.newBuilder();
                for (long number = from; number < Math.min(count, from + perTxn); number++) {
                    txn.addSuccess(RequestOp.newBuilder().setRequestPut(put.apply(number)));
                }
                kv.txn(
                        txn.build(),
                        underWay.<TxnResponse>next(answer ->
                                revision.accumulateAndGet(answer.getHeader().getRevision(), Math::max)));
            }
            underWay.awaitAll();
        } finally {
            channel.shutdownNow();
        }
        return revision.get();
    }

    /**
     * Puts one by one until the server has made a snapshot. What is filled makes entries far larger than those of clients, and a server that is started
     * again would read them all.
     */
    public static void untilSnapshot(Channels to) throws IOException {
        puts(to, ENTRIES_OF_A_SNAPSHOT, 1, number -> Keys.put(number % Keys.SPACE));
    }

    /** About how long so many puts take. */
    public static double seconds(long count) {
        return count / PUTS_PER_SECOND;
    }
}
