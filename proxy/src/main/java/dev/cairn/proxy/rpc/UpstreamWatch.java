package dev.cairn.proxy.rpc;

import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * One watch on a stream of its own to some member, until the stream ends. Thread-safe once it is started. It holds one response at a time: the next
 * one is asked for when the listener is done with the one before.
 */
final class UpstreamWatch {
    private final Channel channel;
    private final Caller caller;
    private final WatchCreateRequest request;
    private final Listener listener;
    private volatile @Nullable ClientCall<WatchRequest, WatchResponse> call;

    /** Told on the event loop of the member's connection, one thing after the other. */
    interface Listener {
        void onResponse(UpstreamWatch watch, WatchResponse response);

        /** The last thing, also behind {@link UpstreamWatch#cancel}. */
        void onEnd(UpstreamWatch watch, Status status);
    }

    UpstreamWatch(Channel channel, Caller caller, WatchCreateRequest request, Listener listener) {
        this.channel = channel;
        this.caller = caller;
        this.request = request;
        this.listener = listener;
    }

    /** Opens it, apart from the call that this thread is carrying out; waits for a member if there is none. To be called once. */
    void start() {
        caller.runApart(() -> {
            ClientCall<WatchRequest, WatchResponse> made =
                    channel.newCall(WatchGrpc.getWatchMethod(), CallOptions.DEFAULT.withWaitForReady());
            call = made;
            made.start(
                    new ClientCall.Listener<>() {
                        @Override
                        public void onMessage(WatchResponse response) {
                            listener.onResponse(UpstreamWatch.this, response);
                            made.request(1);
                        }

                        @Override
                        public void onClose(Status status, Metadata trailers) {
                            listener.onEnd(UpstreamWatch.this, status);
                        }
                    },
                    new Metadata());
            made.request(1);
            made.sendMessage(WatchRequest.newBuilder().setCreateRequest(request).build());
        });
    }

    void cancel() {
        ClientCall<WatchRequest, WatchResponse> made = call;
        if (made != null) {
            made.cancel("no longer needed", null);
        }
    }
}
