package dev.cairn.server.concurrency;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import dev.cairn.proto.v3electionpb.LeaderResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.Status;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * {@code Observe}: the leader's key and what it proclaims, then the next leader's, and so on until the client has enough.
 *
 * <pre>
 *   looking    who leads?                  nobody -> awaiting;  somebody, sent -> following
 *   awaiting   the first key of the name   put, sent -> following
 *   following  the leader's key            put, sent;  deleted -> looking
 * </pre>
 *
 * <p>Where compaction has overtaken a watch that has only begun, it looks again. Where it may not read, the stream
 * ends as if it were complete, as in etcd. A slow client holds the events of one watch response and no more: the next one is
 * asked for when they are sent.
 *
 * <p>Confined to the event loop of the call.
 */
final class ObserveCall {
    /** The client's stream. */
    interface Output {
        boolean isReady();

        void send(LeaderResponse response);

        /** Ends the stream; an error is told, OK is its plain end. */
        void end(Status status);
    }

    private final MemberCalls calls;
    private final ByteString name;
    private final Output output;
    private final ArrayDeque<LeaderResponse> unsent = new ArrayDeque<>();

    /** What to do when everything is sent; null while an answer is awaited. */
    private @Nullable Runnable next;

    private MemberCalls.@Nullable Watch watch;
    private boolean over;

    ObserveCall(MemberCalls calls, ByteString name, Output output) {
        this.calls = calls;
        this.name = name;
        this.output = output;
    }

    void start() {
        look();
    }

    /** The client's stream takes responses again. */
    void onReady() {
        drain();
    }

    /** The client has given the call up or is gone. */
    void cancel() {
        over = true;
        next = null;
        unsent.clear();
        endWatch();
    }

    private void look() {
        calls.call(KVGrpc.getRangeMethod(), Keys.first(name), new Reply<RangeResponse>() {
            @Override
            public void complete(RangeResponse response) {
                if (!over) {
                    looked(response);
                }
            }

            @Override
            public void fail(Status status) {
                end(status);
            }
        });
    }

    private void looked(RangeResponse response) {
        ResponseHeader header = response.getHeader();
        if (response.getKvsCount() == 0) {
            RangeRequest all = Keys.contenders(name).build();
            WatchCreateRequest.Builder request =
                    WatchCreateRequest.newBuilder().setKey(all.getKey()).setRangeEnd(all.getRangeEnd());
            watch(request.setStartRevision(header.getRevision()).build(), this::awaited);
        } else {
            sendAndFollow(header, response.getKvs(0));
        }
    }

    /** Deletions are of those who left before anybody led: the first who puts a key leads. */
    private void awaited(WatchResponse response) {
        for (Event event : response.getEventsList()) {
            if (event.getType() == Event.EventType.PUT) {
                endWatch();
                KeyValue leader = event.getKv();
                sendAndFollow(
                        response.getHeader().toBuilder()
                                .setRevision(leader.getModRevision())
                                .build(),
                        leader);
                return;
            }
        }
        wantNext();
    }

    private void sendAndFollow(ResponseHeader header, KeyValue leader) {
        queue(header, leader);
        WatchCreateRequest request = WatchCreateRequest.newBuilder()
                .setKey(leader.getKey())
                .setStartRevision(header.getRevision() + 1)
                .build();
        sendThen(() -> watch(request, this::followed));
    }

    private void followed(WatchResponse response) {
        for (Event event : response.getEventsList()) {
            if (event.getType() == Event.EventType.DELETE) {
                endWatch();
                sendThen(this::look);
                return;
            }
            queue(response.getHeader(), event.getKv());
        }
        sendThen(this::wantNext);
    }

    private interface Follower {
        void onEvents(WatchResponse response);
    }

    private void watch(WatchCreateRequest request, Follower follower) {
        watch = calls.watch(request, new MemberCalls.WatchListener() {
            @Override
            public void onResponse(WatchResponse response) {
                if (over) {
                    return;
                }
                if (response.getCompactRevision() != 0) {
                    endWatch();
                    look();
                } else if (response.getCanceled()) {
                    end(Refusals.ofWatch(response));
                } else {
                    follower.onEvents(response);
                }
            }

            @Override
            public void onClosed(Status status) {
                end(status);
            }
        });
        wantNext();
    }

    private void wantNext() {
        if (watch != null) {
            watch.next();
        }
    }

    private void queue(ResponseHeader header, KeyValue leader) {
        unsent.add(LeaderResponse.newBuilder().setHeader(header).setKv(leader).build());
    }

    private void sendThen(Runnable task) {
        next = task;
        drain();
    }

    private void drain() {
        while (!unsent.isEmpty() && output.isReady()) {
            output.send(unsent.remove());
        }
        Runnable task = next;
        if (unsent.isEmpty() && task != null) {
            next = null;
            task.run();
        }
    }

    private void end(Status reason) {
        if (!over) {
            cancel();
            // Only that the member stops is told; etcd ends the stream plainly whatever its reason.
            boolean stopped = EtcdError.STOPPED.message().equals(reason.getDescription());
            output.end(stopped ? reason : Status.OK);
        }
    }

    private void endWatch() {
        if (watch != null) {
            watch.cancel();
            watch = null;
        }
    }
}
