package dev.cairn.bench;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A kind of load. The values have 256 bytes.
 *
 * @param name how it is called on the command line and in the table
 * @param keys how many keys there are before, {@code 00000000} and so on
 * @param operations how many operations the closed loop has, or so many that it does not end by itself
 * @param clients of the closed loop, each of which waits for its answer
 * @param connections of both loops
 * @param command what etcd's tool is told, without the numbers above
 * @param openPerSecond rate of the open loop; below what either server can do on a small machine
 * @param request what the open loop asks; null where only the closed loop makes sense
 */
record Work(
        String name,
        int keys,
        int operations,
        int clients,
        int connections,
        List<String> command,
        double openPerSecond,
        OpenLoop.@Nullable Request request) {
    static final int VALUE_BYTES = 256;

    private static final int KEY_SPACE = 100_000;

    /** More than anybody waits for. */
    private static final int ENDLESS = 1_000_000_000;

    private static final ByteString VALUE = randomValue();

    static final List<Work> ALL = List.of(
            new Work("put, 1 client", 0, 5_000, 1, 1, put("put"), 200, Work::put),
            new Work("put, 100 clients", 0, 50_000, 100, 10, put("put"), 1_000, Work::put),
            new Work("put, 1000 clients", 0, 100_000, 1000, 100, put("put"), 2_000, Work::put),
            new Work(
                    "txn of one put, 1000 clients",
                    0,
                    100_000,
                    1000,
                    100,
                    put("txn-put", "--txn-ops=1"),
                    2_000,
                    Work::txn),
            new Work(
                    "txn, reads and puts, 1000 clients",
                    10_000,
                    50_000,
                    1000,
                    100,
                    put("txn-mixed", "--limit=1", "--end-key=00000001"),
                    1_000,
                    Work::txn),
            new Work(
                    "get, linearizable, 1000 clients",
                    KEY_SPACE,
                    200_000,
                    1000,
                    100,
                    List.of("range", key(4711)),
                    4_000,
                    get(false)),
            new Work(
                    "get, serializable, 1000 clients",
                    KEY_SPACE,
                    200_000,
                    1000,
                    100,
                    List.of("range", key(4711), "--consistency=s"),
                    4_000,
                    get(true)),
            new Work(
                    "range of 1,000 keys",
                    KEY_SPACE,
                    5_000,
                    100,
                    10,
                    List.of("range", key(1_000), key(2_000)),
                    100,
                    range(1_000, false, false)),
            new Work(
                    "range of 10,000 keys",
                    KEY_SPACE,
                    500,
                    100,
                    10,
                    List.of("range", key(10_000), key(20_000)),
                    10,
                    range(10_000, false, false)),
            new Work(
                    "stream of 10,000 keys",
                    KEY_SPACE,
                    500,
                    100,
                    10,
                    List.of("range", key(10_000), key(20_000), "--stream"),
                    0,
                    null),
            new Work(
                    "10,000 keys only",
                    KEY_SPACE,
                    500,
                    100,
                    10,
                    List.of("range", key(10_000), key(20_000), "--keys-only"),
                    10,
                    range(10_000, true, false)),
            new Work(
                    "count of 10,000 keys",
                    KEY_SPACE,
                    5_000,
                    100,
                    10,
                    List.of("range", key(10_000), key(20_000), "--count-only"),
                    100,
                    range(10_000, false, true)),
            new Work("get while 1000 clients write", KEY_SPACE, ENDLESS, 1000, 100, put("put"), 1_000, get(false)),
            new Work(
                    "watch, 1,000 watchers of one key",
                    0,
                    200_000,
                    1,
                    10,
                    List.of(
                            "watch",
                            "--streams=10",
                            "--watch-per-stream=100",
                            "--watched-key-total=1",
                            "--put-total=200",
                            "--put-rate=100"),
                    0,
                    null),
            new Work("lease keep-alive, 1000 clients", 0, 200_000, 1000, 100, List.of("lease-keepalive"), 0, null));

    static @Nullable Work named(String name) {
        return ALL.stream().filter(work -> work.name.equals(name)).findFirst().orElse(null);
    }

    /** Whether the open loop runs while the closed one does, which has no end of its own. */
    boolean together() {
        return operations == ENDLESS;
    }

    /** The closed loop, with a share of its operations. */
    List<String> closedLoop(int share) {
        List<String> arguments = new ArrayList<>(command);
        arguments.add("--clients=" + clients);
        arguments.add("--conns=" + connections);
        if (!command.get(0).equals("watch")) {
            arguments.add("--total=" + Math.max(1, operations / share));
        }
        return arguments;
    }

    static String key(int number) {
        return String.format("%08d", number);
    }

    static PutRequest putRequest(long number) {
        return PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key((int) (number % KEY_SPACE))))
                .setValue(VALUE)
                .build();
    }

    private static List<String> put(String command, String... further) {
        List<String> all = new ArrayList<>(
                List.of(command, "--key-size=8", "--key-space-size=" + KEY_SPACE, "--val-size=" + VALUE_BYTES));
        all.addAll(Arrays.asList(further));
        return all;
    }

    private static void put(ManagedChannel channel, long number, StreamObserver<Object> answer) {
        call(channel, KVGrpc.getPutMethod(), putRequest(number), answer);
    }

    private static void txn(ManagedChannel channel, long number, StreamObserver<Object> answer) {
        TxnRequest txn = TxnRequest.newBuilder()
                .addSuccess(RequestOp.newBuilder().setRequestPut(putRequest(number)))
                .build();
        call(channel, KVGrpc.getTxnMethod(), txn, answer);
    }

    private static OpenLoop.Request get(boolean serializable) {
        return (channel, number, answer) -> {
            RangeRequest range = RangeRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8(key((int) (number * 7919 % KEY_SPACE))))
                    .setSerializable(serializable)
                    .build();
            call(channel, KVGrpc.getRangeMethod(), range, answer);
        };
    }

    private static OpenLoop.Request range(int keys, boolean keysOnly, boolean countOnly) {
        return (channel, number, answer) -> {
            int from = (int) (number * 7919 % (KEY_SPACE - keys));
            RangeRequest range = RangeRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8(key(from)))
                    .setRangeEnd(ByteString.copyFromUtf8(key(from + keys)))
                    .setKeysOnly(keysOnly)
                    .setCountOnly(countOnly)
                    .build();
            call(channel, KVGrpc.getRangeMethod(), range, answer);
        };
    }

    @SuppressWarnings("unchecked") // The observer takes anything.
    private static <Q, A> void call(
            ManagedChannel channel, MethodDescriptor<Q, A> method, Q request, StreamObserver<Object> answer) {
        ClientCalls.asyncUnaryCall(
                channel.newCall(method, CallOptions.DEFAULT), request, (StreamObserver<A>) (StreamObserver<?>) answer);
    }

    private static ByteString randomValue() {
        byte[] value = new byte[VALUE_BYTES];
        new Random(1).nextBytes(value);
        return ByteString.copyFrom(value);
    }
}
