package dev.cairn.it.oracle;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.Compare.CompareResult;
import dev.cairn.proto.etcdserverpb.Compare.CompareTarget;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseLeasesRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/**
 * Calls in the order of a seed: valid and invalid, over an alphabet of keys so small that they meet. Confined to the run's
 * thread. What it knows of the store comes from the real etcd's answers, so equal seeds give equal calls.
 *
 * <p>Left out is what has no defined answer: lifetimes that could end during the run (a lease with the minimum is revoked
 * by the next call), comparing the size of ids that each server chose itself, and a stream sorted chunk by chunk.
 */
final class CallSource {
    private static final long NAME_OF_SERVERS_CHOICE = 0x7f5e_0000_0000_0000L;
    private static final int LEASES_MAX = 24;
    private static final int TXN_OPS_MAX = 128;
    private static final int TXN_DEPTH_MAX = 3;
    private static final int LARGE_VALUE = 100_000;
    private static final int TOO_LARGE_VALUE = 1_600_000;
    private static final int UNKNOWN_ENUM_NUMBER = 9;
    private static final ByteString OPEN_END = ByteString.copyFrom(new byte[] {0});

    private final Random random;
    private final boolean attachToServersChoice;
    private final List<ByteString> keys;
    private final List<Long> leases = new ArrayList<>();
    private final Deque<Call> queued = new ArrayDeque<>();
    private long revision = 1;
    private long compacted = -1;
    private long named;
    private boolean endsBehindStarts;

    /**
     * With {@code attachToServersChoice} keys also get leases whose ids differ between the servers, and then the hashes of
     * the stores must differ too.
     */
    CallSource(long seed, boolean attachToServersChoice) {
        this.random = new Random(seed);
        this.attachToServersChoice = attachToServersChoice;
        this.keys = alphabet();
    }

    /**
     * From now on no range ends before it starts. With users such ranges are left out: whether etcd permits one that cannot hold
     * a key depends on the shape of its tree of permissions.
     */
    void keepEndsBehindStarts() {
        endsBehindStarts = true;
    }

    static boolean isServersChoice(long leaseName) {
        return leaseName >= NAME_OF_SERVERS_CHOICE;
    }

    Random random() {
        return random;
    }

    /** The store's revision after the last call. */
    long revision() {
        return revision;
    }

    /** The revision of the last compaction, -1 before the first. */
    long compacted() {
        return compacted;
    }

    Call next() {
        if (!queued.isEmpty()) {
            return queued.removeFirst();
        }
        int dice = random.nextInt(1000);
        if (dice < 220) {
            return new Call(Rpc.RANGE, range());
        } else if (dice < 270) {
            return new Call(Rpc.RANGE_STREAM, rangeForStream());
        } else if (dice < 530) {
            return new Call(Rpc.PUT, put());
        } else if (dice < 610) {
            return new Call(Rpc.DELETE_RANGE, delete());
        } else if (dice < 850) {
            return new Call(Rpc.TXN, txn(1));
        } else if (dice < 862) {
            return new Call(Rpc.COMPACT, compaction());
        } else {
            return lease(dice);
        }
    }

    /** Takes note of what the real etcd answered. */
    void observe(Call call, Outcome outcome) {
        if (!outcome.succeeded()) {
            return;
        }
        for (Message message : outcome.messages()) {
            var field = message.getDescriptorForType().findFieldByName("header");
            if (field != null && message.hasField(field)) {
                var header = (dev.cairn.proto.etcdserverpb.ResponseHeader) message.getField(field);
                revision = Math.max(revision, header.getRevision());
            }
        }
        if (call.request() instanceof CompactionRequest compaction) {
            compacted = compaction.getRevision();
        } else if (call.request() instanceof LeaseGrantRequest grant) {
            leases.add(grant.getID());
        } else if (call.request() instanceof LeaseRevokeRequest revoke) {
            leases.remove(revoke.getID());
        }
    }

    /** A watch on some part of the alphabet, from the past or from now on. */
    WatchCreateRequest watch() {
        WatchCreateRequest.Builder request = WatchCreateRequest.newBuilder();
        ByteString key = chance(30) ? ByteString.EMPTY : key();
        request.setKey(key).setRangeEnd(rangeEnd(key));
        int dice = random.nextInt(10);
        if (dice < 4) {
            long oldest = Math.max(1, compacted - (chance(200) ? 5 : 0));
            request.setStartRevision(oldest + (long) (random.nextDouble() * (revision - oldest + 1)));
        } else if (dice == 4 && chance(300)) {
            request.setStartRevision(-1 - random.nextInt(3));
        }
        request.setPrevKv(random.nextBoolean());
        request.setProgressNotify(chance(200));
        for (int filters = random.nextInt(8) - 5; filters > 0; filters--) {
            request.addFiltersValue(chance(50) ? UNKNOWN_ENUM_NUMBER : random.nextInt(2));
        }
        if (chance(300)) {
            // Not -1: that is the id under which etcd answers for the stream as a whole.
            int id = random.nextInt(12) - 3;
            request.setWatchId(id == -1 ? 0 : id);
        }
        request.setFragment(chance(200));
        return request.build();
    }

    boolean chance(int perMille) {
        return random.nextInt(1000) < perMille;
    }

    /** Some key of the alphabet. */
    ByteString key() {
        return keys.get(random.nextInt(keys.size()));
    }

    /** The keys of a request: now and then none, which is an error. */
    private ByteString requestKey() {
        return chance(8) ? ByteString.EMPTY : key();
    }

    /** The end of some range that starts with the key; mostly none. */
    ByteString rangeEnd(ByteString key) {
        int dice = random.nextInt(10);
        if (dice < 5) {
            return ByteString.EMPTY;
        } else if (dice < 6) {
            return OPEN_END;
        } else if (dice < 8) {
            return prefixEnd(key);
        }
        ByteString end = key();
        boolean behind = ByteString.unsignedLexicographicalComparator().compare(end, key) > 0;
        return behind || !endsBehindStarts ? end : ByteString.EMPTY;
    }

    private static ByteString prefixEnd(ByteString prefix) {
        byte[] end = prefix.toByteArray();
        for (int i = end.length - 1; i >= 0; i--) {
            if (end[i] != (byte) 0xff) {
                end[i]++;
                return ByteString.copyFrom(end, 0, i + 1);
            }
        }
        return OPEN_END;
    }

    private ByteString value() {
        int dice = random.nextInt(1000);
        if (dice < 100) {
            return ByteString.EMPTY;
        } else if (dice < 800) {
            return ByteString.copyFromUtf8("v" + random.nextInt(20));
        } else if (dice < 994) {
            byte[] bytes = new byte[random.nextInt(300)];
            random.nextBytes(bytes);
            return ByteString.copyFrom(bytes);
        } else if (dice < 999) {
            byte[] bytes = new byte[LARGE_VALUE];
            random.nextBytes(bytes);
            return ByteString.copyFrom(bytes);
        } else {
            return ByteString.copyFrom(new byte[TOO_LARGE_VALUE]);
        }
    }

    private long readRevision() {
        int dice = random.nextInt(100);
        if (dice < 60) {
            return 0;
        } else if (dice < 92) {
            long oldest = Math.max(1, compacted);
            return oldest + (long) (random.nextDouble() * (revision - oldest + 1));
        } else if (dice < 95) {
            return compacted - 1 + random.nextInt(3);
        } else if (dice < 98) {
            return revision + random.nextInt(3);
        } else {
            return -1 - random.nextInt(3);
        }
    }

    private RangeRequest range() {
        RangeRequest.Builder request = plainRange();
        if (chance(300)) {
            request.setSortOrderValue(chance(30) ? UNKNOWN_ENUM_NUMBER : random.nextInt(3));
            request.setSortTargetValue(chance(30) ? UNKNOWN_ENUM_NUMBER : random.nextInt(5));
        }
        if (chance(100)) {
            request.setMinModRevision(someRevision());
        }
        if (chance(100)) {
            request.setMaxModRevision(someRevision());
        }
        if (chance(100)) {
            request.setMinCreateRevision(someRevision());
        }
        if (chance(100)) {
            request.setMaxCreateRevision(someRevision());
        }
        return request.build();
    }

    private RangeRequest.Builder plainRange() {
        ByteString key = requestKey();
        return RangeRequest.newBuilder()
                .setKey(key)
                .setRangeEnd(chance(400) ? OPEN_END : rangeEnd(key))
                .setLimit(chance(350) ? random.nextInt(12) - 1 : 0)
                .setRevision(readRevision())
                .setSerializable(random.nextBoolean())
                .setKeysOnly(chance(150))
                .setCountOnly(chance(100));
    }

    private RangeRequest rangeForStream() {
        RangeRequest.Builder request = plainRange();
        if (chance(80)) {
            request.setSortOrderValue(1 + random.nextInt(2)).setSortTargetValue(random.nextInt(5));
        }
        if (chance(40)) {
            request.setMinModRevision(someRevision());
        }
        return request.build();
    }

    private long someRevision() {
        return (long) (random.nextDouble() * (revision + 3)) - 1;
    }

    private PutRequest put() {
        PutRequest.Builder request =
                PutRequest.newBuilder().setKey(requestKey()).setPrevKv(chance(300));
        boolean keepsValue = chance(80);
        boolean keepsLease = chance(80);
        request.setIgnoreValue(keepsValue).setIgnoreLease(keepsLease);
        if (!keepsValue || chance(100)) {
            request.setValue(value());
        }
        if ((!keepsLease || chance(100)) && chance(200)) {
            request.setLease(leaseToAttach());
        }
        return request.build();
    }

    private DeleteRangeRequest delete() {
        ByteString key = requestKey();
        return DeleteRangeRequest.newBuilder()
                .setKey(key)
                .setRangeEnd(chance(600) ? ByteString.EMPTY : rangeEnd(key))
                .setPrevKv(random.nextBoolean())
                .build();
    }

    private TxnRequest txn(int depth) {
        TxnRequest.Builder request = TxnRequest.newBuilder();
        for (int compares = random.nextInt(4); compares > 0; compares--) {
            request.addCompare(compare());
        }
        boolean readsOnly = chance(200);
        for (int ops = operations(); ops > 0; ops--) {
            request.addSuccess(operation(depth, readsOnly));
        }
        for (int ops = operations(); ops > 0; ops--) {
            request.addFailure(operation(depth, readsOnly));
        }
        return request.build();
    }

    /** Few operations, and now and then as many as are allowed, or more. */
    private int operations() {
        return chance(6) ? TXN_OPS_MAX - 1 + random.nextInt(4) : random.nextInt(4);
    }

    private RequestOp operation(int depth, boolean readsOnly) {
        RequestOp.Builder op = RequestOp.newBuilder();
        int dice = readsOnly ? 0 : random.nextInt(100);
        if (dice < 35) {
            return op.setRequestRange(range()).build();
        } else if (dice < 70) {
            return op.setRequestPut(put()).build();
        } else if (dice < 85) {
            return op.setRequestDeleteRange(delete()).build();
        } else if (dice < 98) {
            return depth < TXN_DEPTH_MAX
                    ? op.setRequestTxn(txn(depth + 1)).build()
                    : op.setRequestRange(range()).build();
        } else {
            return op.build();
        }
    }

    private Compare compare() {
        ByteString key = requestKey();
        Compare.Builder compare = Compare.newBuilder().setKey(key);
        if (chance(250)) {
            compare.setRangeEnd(rangeEnd(key));
        }
        int target = random.nextInt(5);
        // Now and then a value of another kind than the target says.
        int kind = chance(40) ? random.nextInt(5) : target;
        if (chance(40)) {
            compare.setTargetValue(UNKNOWN_ENUM_NUMBER);
        } else {
            compare.setTargetValue(target);
        }
        compare.setResultValue(chance(40) ? UNKNOWN_ENUM_NUMBER : random.nextInt(4));
        switch (kind) {
            case CompareTarget.VERSION_VALUE -> compare.setVersion(random.nextInt(4));
            case CompareTarget.CREATE_VALUE -> compare.setCreateRevision(chance(400) ? 0 : someRevision());
            case CompareTarget.MOD_VALUE -> compare.setModRevision(chance(300) ? 0 : someRevision());
            case CompareTarget.VALUE_VALUE -> compare.setValue(ByteString.copyFromUtf8("v" + random.nextInt(20)));
            default -> {
                long lease = chance(500) ? 0 : lease();
                compare.setLease(lease);
                if (isServersChoice(lease)) {
                    compare.setResult(random.nextBoolean() ? CompareResult.EQUAL : CompareResult.NOT_EQUAL);
                }
            }
        }
        return compare.build();
    }

    /** Compactions near the last one are common, because what is gone cannot be compared any more. */
    private CompactionRequest compaction() {
        long to = switch (random.nextInt(10)) {
            case 0 -> compacted;
            case 1 -> compacted - 1;
            case 2 -> revision + 1 + random.nextInt(3);
            case 3 -> revision;
            default -> compacted + (long) (random.nextDouble() * 0.6 * (revision - compacted));
        };
        return CompactionRequest.newBuilder()
                .setRevision(to)
                .setPhysical(random.nextBoolean())
                .build();
    }

    /** The id of a lease, mostly of one that is there. */
    long lease() {
        return leases.isEmpty() || chance(60)
                ? 4_000_000 + random.nextInt(5)
                : leases.get(random.nextInt(leases.size()));
    }

    private long leaseToAttach() {
        long lease = lease();
        return isServersChoice(lease) && !attachToServersChoice ? 0 : lease;
    }

    private Call lease(int dice) {
        if (dice < 890) {
            return grant();
        } else if (dice < 905 || leases.size() > LEASES_MAX) {
            return new Call(
                    Rpc.LEASE_REVOKE,
                    LeaseRevokeRequest.newBuilder().setID(lease()).build());
        } else if (dice < 935) {
            return new Call(
                    Rpc.LEASE_KEEP_ALIVE,
                    LeaseKeepAliveRequest.newBuilder().setID(lease()).build());
        } else if (dice < 980) {
            return new Call(
                    Rpc.LEASE_TIME_TO_LIVE,
                    LeaseTimeToLiveRequest.newBuilder()
                            .setID(lease())
                            .setKeys(random.nextBoolean())
                            .build());
        } else {
            return new Call(Rpc.LEASE_LEASES, LeaseLeasesRequest.getDefaultInstance());
        }
    }

    private Call grant() {
        long id = switch (random.nextInt(10)) {
            case 0, 1, 2 -> NAME_OF_SERVERS_CHOICE + named++;
            case 3 -> lease();
            case 4 -> -1L - random.nextInt(1000);
            default -> 1 + random.nextInt(1_000_000);
        };
        if (isServersChoice(id) && leases.contains(id)) {
            id = NAME_OF_SERVERS_CHOICE + named++;
        }
        long[] lifetimes = {600, 6_000, 60_000, 9_000_000_000L, 9_000_000_001L, 1, 0, -5};
        long ttl = lifetimes[chance(800) ? random.nextInt(3) : random.nextInt(lifetimes.length)];
        if (ttl <= 1 && !leases.contains(id)) {
            queued.add(new Call(
                    Rpc.LEASE_REVOKE, LeaseRevokeRequest.newBuilder().setID(id).build()));
        }
        return new Call(
                Rpc.LEASE_GRANT,
                LeaseGrantRequest.newBuilder().setID(id).setTTL(ttl).build());
    }

    /**
     * Neighbours that are hard to keep in order or apart: prefixes of one another, zero bytes, 0xff, and keys around the
     * 511 bytes where a store with limited keys changes its layout.
     */
    private static List<ByteString> alphabet() {
        List<ByteString> keys = new ArrayList<>();
        for (String text : List.of("a", "a/", "a/1", "a/10", "a/2", "a0", "b", "b/x", "b/y", "b/z", "c", "d", "e")) {
            keys.add(ByteString.copyFromUtf8(text));
        }
        for (int i = 0; i < 20; i++) {
            keys.add(ByteString.copyFromUtf8("many/" + i));
        }
        keys.add(ByteString.copyFrom(new byte[] {0}));
        keys.add(ByteString.copyFrom(new byte[] {0, 0}));
        keys.add(ByteString.copyFrom(new byte[] {'a', 0}));
        keys.add(ByteString.copyFrom(new byte[] {'a', 0, 0}));
        keys.add(ByteString.copyFrom(new byte[] {'a', (byte) 0xff}));
        keys.add(ByteString.copyFrom(new byte[] {(byte) 0xff}));
        keys.add(ByteString.copyFrom(new byte[] {(byte) 0xff, (byte) 0xff}));
        for (int length : new int[] {500, 510, 511, 512, 513, 600, 2000}) {
            keys.add(ByteString.copyFromUtf8("l".repeat(length)));
        }
        ByteString stem = ByteString.copyFromUtf8("l".repeat(511));
        keys.add(stem.concat(ByteString.copyFrom(new byte[] {0})));
        keys.add(stem.concat(ByteString.copyFrom(new byte[] {0, 0})));
        keys.add(stem.concat(ByteString.copyFrom(new byte[] {(byte) 0xff})));
        keys.add(stem.concat(ByteString.copyFromUtf8("m".repeat(300))));
        return keys;
    }
}
