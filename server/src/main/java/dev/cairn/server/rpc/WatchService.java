package dev.cairn.server.rpc;

import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.server.api.EtcdError;
import dev.cairn.watch.EncodedResponse;
import dev.cairn.watch.WatchHub;
import dev.cairn.watch.WatchOutput;
import dev.cairn.watch.WatchStream;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;

/**
 * {@code etcdserverpb.Watch}: puts each client's stream on its transport. A stream lives on the event loop of its
 * connection: requests, readiness and the hub's tasks all run there, one at a time.
 */
public final class WatchService {
    private final WatchHub hub;

    public WatchService(WatchHub hub) {
        this.hub = hub;
    }

    /** The service as the server offers it. Responses bypass the generated classes: they come encoded. */
    public ServerServiceDefinition bind() {
        MethodDescriptor<WatchRequest, EncodedResponse> watch = WatchGrpc.getWatchMethod().toBuilder(
                        ProtoUtils.marshaller(WatchRequest.getDefaultInstance()), WatchResponses.MARSHALLER)
                .build();
        return ServerServiceDefinition.builder(Definitions.describe(WatchGrpc.getServiceDescriptor(), watch))
                .addMethod(watch, ServerCalls.asyncBidiStreamingCall(this::watch))
                .build();
    }

    private StreamObserver<WatchRequest> watch(StreamObserver<EncodedResponse> observer) {
        return new WatchCall(
                hub,
                (ServerCallStreamObserver<EncodedResponse>) observer,
                Caller.current().eventLoop());
    }

    /** One client's stream. Confined to the executor of its call. */
    private static final class WatchCall implements StreamObserver<WatchRequest>, WatchOutput {
        private final ServerCallStreamObserver<EncodedResponse> call;
        private final Executor executor;
        private final WatchStream stream;
        private boolean requested;
        private boolean ended;

        WatchCall(WatchHub hub, ServerCallStreamObserver<EncodedResponse> call, Executor executor) {
            this.call = call;
            this.executor = executor;
            call.disableAutoRequest();
            stream = hub.open(this);
            call.setOnReadyHandler(this::ready);
            call.setOnCancelHandler(this::release);
            takeNext();
        }

        @Override
        public void onNext(WatchRequest request) {
            requested = false;
            stream.onRequest(request);
            takeNext();
        }

        @Override
        public void onError(Throwable cause) {
            release();
        }

        @Override
        public void onCompleted() {
            // A client that has nothing more to ask still listens: the stream ends when it cancels.
        }

        @Override
        public boolean isReady() {
            return !ended && call.isReady();
        }

        @Override
        public void send(EncodedResponse response) {
            if (!ended && !call.isCancelled()) {
                call.onNext(response);
            }
        }

        @Override
        public void execute(Runnable task) {
            executor.execute(task);
        }

        @Override
        public void fail(Failure failure) {
            if (ended || call.isCancelled()) {
                return;
            }
            ended = true;
            call.onError(
                    switch (failure) {
                        case STOPPED -> EtcdError.STOPPED.asException();
                        case TOO_MANY_REQUESTS -> EtcdError.TOO_MANY_REQUESTS.asException();
                        case RESPONSE_TOO_LARGE ->
                            Status.RESOURCE_EXHAUSTED
                                    .withDescription("the events of one revision do not fit into one message;"
                                            + " set fragment in the watch's create request")
                                    .asRuntimeException();
                    });
        }

        private void ready() {
            stream.onReady();
            takeNext();
        }

        private void takeNext() {
            if (!requested && !ended && stream.acceptsRequests()) {
                requested = true;
                call.request(1);
            }
        }

        private void release() {
            ended = true;
            stream.close();
        }
    }
}
