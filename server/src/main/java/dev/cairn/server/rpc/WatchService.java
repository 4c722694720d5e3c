package dev.cairn.server.rpc;

import dev.cairn.auth.Identity;
import dev.cairn.auth.Operation;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.server.access.Access;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.metrics.Counter;
import dev.cairn.server.metrics.Family;
import dev.cairn.server.metrics.ServerMetrics;
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

/**
 * {@code etcdserverpb.Watch}: puts each client's stream on its transport. A stream lives on the event loop of its
 * connection: requests, readiness and the hub's tasks all run there, one at a time.
 */
public final class WatchService {
    private final WatchHub hub;
    private final Access access;
    private final ServerMetrics metrics;
    private final Family<Counter> failures;

    /** @param failures of streams, by direction and kind */
    public WatchService(WatchHub hub, Access access, ServerMetrics metrics, Family<Counter> failures) {
        this.hub = hub;
        this.access = access;
        this.metrics = metrics;
        this.failures = failures;
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
        return new WatchCall((ServerCallStreamObserver<EncodedResponse>) observer, Caller.current());
    }

    /** One client's stream. Confined to the executor of its call. */
    private final class WatchCall implements StreamObserver<WatchRequest>, WatchOutput {
        private final ServerCallStreamObserver<EncodedResponse> call;
        private final Caller caller;
        private final WatchStream stream;
        private boolean requested;
        private boolean ended;

        WatchCall(ServerCallStreamObserver<EncodedResponse> call, Caller caller) {
            this.call = call;
            this.caller = caller;
            call.disableAutoRequest();
            stream = hub.open(this);
            call.setOnReadyHandler(this::ready);
            call.setOnCancelHandler(this::release);
            takeNext();
        }

        @Override
        public void onNext(WatchRequest request) {
            // Each creation is judged by itself; the next request is taken when this one is.
            access.check(Operation.WATCH, request, caller.credentials(), new Completion<>() {
                @Override
                public void complete(Identity who) {
                    requested = false;
                    stream.onRequest(request);
                    takeNext();
                }

                @Override
                public void fail(EtcdError error) {
                    requested = false;
                    stream.refuse(request.getCreateRequest(), reasonOf(error));
                    takeNext();
                }
            });
        }

        /** What a canceled watcher is told, in the words of etcd's RPC library. */
        private static String reasonOf(EtcdError error) {
            EtcdError told = switch (error) {
                case INVALID_AUTH_TOKEN, AUTH_OLD_REVISION, USER_EMPTY -> error;
                default -> EtcdError.PERMISSION_DENIED;
            };
            String code = switch (told) {
                case INVALID_AUTH_TOKEN -> "Unauthenticated";
                case PERMISSION_DENIED -> "PermissionDenied";
                default -> "InvalidArgument";
            };
            return "rpc error: code = " + code + " desc = " + told.message();
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
                if (response.events() > 0) {
                    FailPoint.BEFORE_SEND_WATCH_RESPONSE.hit();
                }
                long begun = System.nanoTime();
                call.onNext(response);
                sent(response.events(), System.nanoTime() - begun);
            }
        }

        /** Etcd has one loop a stream that does all this; what its turns stand for here are responses. */
        private void sent(int events, long nanos) {
            if (events == 0) {
                metrics.watchSendLoopControlStreamDurationSeconds.observeNanos(nanos);
            } else {
                metrics.watchSendLoopWatchStreamDurationSeconds.observeNanos(nanos);
                metrics.watchSendLoopWatchStreamDurationPerEventSeconds.observeNanos(nanos / events);
            }
        }

        @Override
        public void execute(Runnable task) {
            caller.eventLoop().execute(task);
        }

        @Override
        public void fail(Failure failure) {
            if (ended || call.isCancelled()) {
                return;
            }
            ended = true;
            failures.with("send", "watch").increment();
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
