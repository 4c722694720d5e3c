package dev.cairn.it.proxy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What these tests need of gRPC. Stateless. */
final class Wires {
    private Wires() {}

    static ManagedChannel connect(String target) {
        return NettyChannelBuilder.forTarget(target)
                .usePlaintext()
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .build();
    }

    static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    static RangeRequest range(String key) {
        return RangeRequest.newBuilder().setKey(bytes(key)).build();
    }

    static RangeRequest serializable(String key) {
        return range(key).toBuilder().setSerializable(true).build();
    }

    static PutRequest put(String key, String value) {
        return PutRequest.newBuilder().setKey(bytes(key)).setValue(bytes(value)).build();
    }

    static String text(Message message) {
        return TextFormat.printer().emittingSingleLine(true).printToString(message);
    }

    /** A stream of watches whose responses are read one by one. */
    static final class Watching implements AutoCloseable {
        private static final long LIMIT_SECONDS = 30;

        private final ClientCall<WatchRequest, WatchResponse> call;
        private final BlockingQueue<Object> came = new LinkedBlockingQueue<>();

        Watching(ManagedChannel channel) {
            call = channel.newCall(WatchGrpc.getWatchMethod(), CallOptions.DEFAULT);
            call.start(
                    new ClientCall.Listener<WatchResponse>() {
                        @Override
                        public void onMessage(WatchResponse response) {
                            came.add(response);
                        }

                        @Override
                        public void onClose(Status status, Metadata trailers) {
                            came.add(status);
                        }
                    },
                    new Metadata());
        }

        Watching create(WatchCreateRequest.Builder request) {
            return send(WatchRequest.newBuilder().setCreateRequest(request).build());
        }

        Watching send(WatchRequest request) {
            call.sendMessage(request);
            return this;
        }

        /** Nothing is read before it is asked for. */
        WatchResponse next() throws InterruptedException {
            call.request(1);
            Object next = came.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
            if (next instanceof WatchResponse response) {
                return response;
            }
            throw new AssertionError("instead of a response: " + next);
        }

        @Override
        public void close() {
            call.cancel("the test is over", null);
        }
    }
}
