package dev.cairn.it.crash;

import com.google.protobuf.ByteString;
import dev.cairn.it.crash.Ledger.Effect;
import dev.cairn.it.crash.Ledger.Write;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.KVGrpc.KVBlockingStub;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Clients that write as fast as they are answered, later more slowly, until told to stop or until the server is gone. Each has a thread, a
 * connection and keys of its own; all note what they do in one ledger, which keeps it all: so its size must not follow from the speed of a
 * machine.
 */
final class Writers implements AutoCloseable {
    private static final long CALL_LIMIT_SECONDS = 10;
    private static final long STOP_LIMIT_MILLIS = 20_000;
    private static final long ACKNOWLEDGE_LIMIT_MILLIS = 60_000;
    private static final int TXN_KEYS_MAX = 5;
    private static final int VALUE_PADDING_MAX = 3_000;
    private static final int FAST_WRITES = 500;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

    private final Ledger ledger;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();
    private final List<ManagedChannel> channels = new ArrayList<>();

    /** {@code round} makes the keys and values of this group of writers different from those of any other. */
    Writers(Ledger ledger, String target, String round, int count, Random random) {
        this.ledger = ledger;
        for (int i = 0; i < count; i++) {
            ManagedChannel channel =
                    NettyChannelBuilder.forTarget(target).usePlaintext().build();
            channels.add(channel);
            Random own = new Random(random.nextLong());
            String prefix = round + "/writer" + i + "/";
            Thread thread = new Thread(() -> write(KVGrpc.newBlockingStub(channel), prefix, own), prefix);
            threads.add(thread);
            thread.start();
        }
    }

    /** Waits until the ledger has so many acknowledged writes; false when that takes too long. */
    boolean awaitAcknowledged(int count) throws InterruptedException {
        return ledger.awaitAcknowledged(count, ACKNOWLEDGE_LIMIT_MILLIS);
    }

    /** Lets every writer finish its call, and ends. */
    @Override
    public void close() {
        stopped.set(true);
        try {
            for (Thread thread : threads) {
                thread.join(STOP_LIMIT_MILLIS);
                if (thread.isAlive()) {
                    throw new AssertionError("writer still busy: " + thread.getName());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while stopping the writers", e);
        } finally {
            channels.forEach(ManagedChannel::shutdownNow);
        }
    }

    private void write(KVBlockingStub kv, String prefix, Random random) {
        Deque<String> present = new ArrayDeque<>();
        for (int number = 0; !stopped.get(); number++) {
            if (number >= FAST_WRITES) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            String key = prefix + number;
            KVBlockingStub limited = kv.withDeadlineAfter(CALL_LIMIT_SECONDS, TimeUnit.SECONDS);
            int dice = random.nextInt(10);
            boolean answered;
            if (dice < 6) {
                String value = value(number, random);
                answered = attempt(
                        List.of(Effect.put(key, value)),
                        () -> limited.put(put(key, value)).getHeader().getRevision());
                present.add(key);
            } else if (dice < 8 || present.isEmpty()) {
                List<Effect> effects = new ArrayList<>();
                TxnRequest.Builder txn = TxnRequest.newBuilder();
                for (int i = 1 + random.nextInt(TXN_KEYS_MAX); i > 0; i--) {
                    String part = key + "." + i;
                    String value = value(number, random);
                    effects.add(Effect.put(part, value));
                    txn.addSuccess(RequestOp.newBuilder().setRequestPut(put(part, value)));
                }
                TxnRequest request = txn.build();
                answered =
                        attempt(effects, () -> limited.txn(request).getHeader().getRevision());
            } else {
                String victim = present.removeFirst();
                answered = attempt(
                        List.of(Effect.delete(victim)),
                        () -> limited.deleteRange(DeleteRangeRequest.newBuilder()
                                        .setKey(ByteString.copyFromUtf8(victim))
                                        .build())
                                .getHeader()
                                .getRevision());
            }
            if (!answered) {
                return;
            }
        }
    }

    private boolean attempt(List<Effect> effects, LongSupplier call) {
        Write write = ledger.send(effects);
        try {
            ledger.acknowledge(write, call.getAsLong());
            return true;
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.INVALID_ARGUMENT) {
                ledger.refuse(write);
            }
            return false;
        }
    }

    private static PutRequest put(String key, String value) {
        return PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value))
                .build();
    }

    private static String value(int number, Random random) {
        return "value " + number + " " + Long.toHexString(random.nextLong())
                + ".".repeat(random.nextInt(VALUE_PADDING_MAX));
    }
}
