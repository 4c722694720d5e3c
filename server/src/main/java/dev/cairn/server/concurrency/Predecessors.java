package dev.cairn.server.concurrency;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import io.grpc.Status;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The wait until all who came to a name before a given revision have gone. Watches the last of them only, and looks again
 * when it has gone: it may have given up while others before it still hold. So each release wakes one waiting call,
 * and a wake-up costs one range and at most one watch, however many wait.
 *
 * <p>Confined to the event loop of the call.
 */
final class Predecessors {
    private final MemberCalls calls;
    private final ByteString name;
    private final long lastCreateRevision;
    private final Runnable gone;
    private final Consumer<Status> failed;
    private MemberCalls.@Nullable Watch watch;
    private boolean found;
    private boolean cancelled;

    /**
     * @param lastCreateRevision waits for those that were created no later
     */
    Predecessors(MemberCalls calls, ByteString name, long lastCreateRevision, Runnable gone, Consumer<Status> failed) {
        this.calls = calls;
        this.name = name;
        this.lastCreateRevision = lastCreateRevision;
        this.gone = gone;
        this.failed = failed;
    }

    void look() {
        calls.call(KVGrpc.getRangeMethod(), Keys.lastUpTo(name, lastCreateRevision), new Reply<RangeResponse>() {
            @Override
            public void complete(RangeResponse response) {
                if (!cancelled) {
                    looked(response);
                }
            }

            @Override
            public void fail(Status status) {
                if (!cancelled) {
                    failed.accept(status);
                }
            }
        });
    }

    /** Whether there was anyone to wait for. */
    boolean found() {
        return found;
    }

    void cancel() {
        cancelled = true;
        endWatch();
    }

    private void looked(RangeResponse response) {
        if (response.getKvsCount() == 0) {
            gone.run();
            return;
        }
        found = true;
        KeyValue predecessor = response.getKvs(0);
        WatchCreateRequest request = WatchCreateRequest.newBuilder()
                .setKey(predecessor.getKey())
                .setStartRevision(response.getHeader().getRevision())
                .build();
        MemberCalls.Watch opened = calls.watch(request, new MemberCalls.WatchListener() {
            @Override
            public void onResponse(WatchResponse events) {
                if (!cancelled) {
                    watched(events);
                }
            }

            @Override
            public void onClosed(Status status) {
                if (!cancelled) {
                    failed.accept(status);
                }
            }
        });
        watch = opened;
        opened.next();
    }

    private void watched(WatchResponse response) {
        boolean deleted =
                response.getEventsList().stream().anyMatch(event -> event.getType() == Event.EventType.DELETE);
        // Compaction may overtake a watch that has only begun; where the predecessor stands is then asked anew.
        if (deleted || response.getCompactRevision() != 0) {
            endWatch();
            look();
        } else if (response.getCanceled()) {
            endWatch();
            failed.accept(Refusals.ofWatch(response));
        } else if (watch != null) {
            watch.next();
        }
    }

    private void endWatch() {
        if (watch != null) {
            watch.cancel();
            watch = null;
        }
    }
}
