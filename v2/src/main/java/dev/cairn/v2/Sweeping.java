package dev.cairn.v2;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Removes what was in directories whose time is over: a lease takes only the directory's marker away, which hides all that is in it. Done by
 * the member that leads; each step is bound to what it was decided from, so that two who do it, or one that dies between, do no
 * harm. Confined to where the store answers.
 */
public final class Sweeping {
    /** Entries that are looked at in one round. */
    private static final int ROUND = 100;

    private final V3 v3;
    private final Clocks clocks;

    public Sweeping(V3 v3, Clocks clocks) {
        this.v3 = v3;
        this.clocks = clocks;
    }

    /** One round; completes with how many entries have gone. */
    public CompletionStage<Integer> round() {
        RangeRequest due = RangeRequest.newBuilder()
                .setKey(Layout.expiringFrom(0))
                .setRangeEnd(Layout.expiringFrom(clocks.wallNanos()))
                .setLimit(ROUND)
                .setSerializable(true)
                .build();
        return v3.range(due).thenCompose(response -> next(new ArrayDeque<>(response.getKvsList()), 0));
    }

    private CompletionStage<Integer> next(ArrayDeque<KeyValue> entries, int gone) {
        KeyValue entry = entries.poll();
        if (entry == null) {
            return CompletableFuture.completedFuture(gone);
        }
        return look(entry).thenCompose(removed -> next(entries, gone + (removed ? 1 : 0)));
    }

    private CompletionStage<Boolean> look(KeyValue entry) {
        String path = Layout.pathOfExpiring(entry.getKey());
        TxnRequest read = TxnRequest.newBuilder()
                .addSuccess(Ops.range(serializable(Layout.directory(path))))
                .addSuccess(Ops.range(serializable(Layout.facts(path, true))))
                .addSuccess(Ops.range(RangeRequest.newBuilder()
                        .setKey(Layout.directory(path))
                        .setRangeEnd(Layout.directoryEnd(path))
                        .setLimit(1)
                        .setKeysOnly(true)
                        .setSerializable(true)
                        .build()))
                .build();
        return v3.txn(read).thenCompose(found -> looked(entry, path, found));
    }

    private CompletionStage<Boolean> looked(KeyValue entry, String path, TxnResponse found) {
        KeyValue marker = first(found, 0);
        KeyValue facts = first(found, 1);
        long time = Layout.timeOfExpiring(entry.getKey());
        if (marker != null) {
            if (Node.directory(path, marker, facts).expiration() == time) {
                // Its lease has not ended yet.
                return CompletableFuture.completedFuture(false);
            }
            return v3.txn(TxnRequest.newBuilder()
                            .addCompare(Ops.modified(marker.getKey(), marker.getModRevision()))
                            .addSuccess(Ops.delete(entry.getKey()))
                            .build())
                    .thenApply(TxnResponse::getSucceeded);
        }
        if (first(found, 2) == null) {
            return v3.txn(TxnRequest.newBuilder()
                            .addCompare(Ops.empty(Layout.directory(path), Layout.directoryEnd(path)))
                            .addSuccess(Ops.delete(entry.getKey()))
                            .addSuccess(Ops.delete(Layout.facts(path, true), Layout.factsEnd(path)))
                            .build())
                    .thenApply(TxnResponse::getSucceeded);
        }
        long created = createdOf(entry);
        Node ended = new Node(path, true, null, created, created, time, 0, List.of());
        return v3.txn(Plan.sweep(path, time, entry.getKey(), ended)).thenApply(TxnResponse::getSucceeded);
    }

    /** When the directory was made, as its entry says; 0 means with the entry. */
    private static long createdOf(KeyValue entry) {
        try {
            long created = Long.parseLong(entry.getValue().toStringUtf8());
            return created == 0 ? entry.getModRevision() : created;
        } catch (NumberFormatException e) {
            return entry.getModRevision();
        }
    }

    private static RangeRequest serializable(ByteString key) {
        return RangeRequest.newBuilder().setKey(key).setSerializable(true).build();
    }

    private static @Nullable KeyValue first(TxnResponse found, int index) {
        var range = found.getResponses(index).getResponseRange();
        return range.getKvsCount() == 0 ? null : range.getKvs(0);
    }
}
