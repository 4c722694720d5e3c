package dev.cairn.proxy.rpc;

import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** A member that does what the test says, watch by watch. */
final class FakeMember implements AutoCloseable {
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
    private static final Context.Key<String> CALLER = Context.key("caller");
    private static final long LIMIT_SECONDS = 30;

    private final Server server;
    private final BlockingQueue<Watch> watches = new LinkedBlockingQueue<>();
    private final BlockingQueue<Watch> leaderWatches = new LinkedBlockingQueue<>();

    /** A watch that the proxy has opened. */
    record Watch(WatchCreateRequest request, String token, StreamObserver<WatchResponse> answers) {
        void created(long revision) {
            answers.onNext(WatchResponse.newBuilder()
                    .setHeader(header(revision))
                    .setCreated(true)
                    .build());
        }

        void fail(Status status) {
            answers.onError(status.asRuntimeException());
        }
    }

    static ResponseHeader header(long revision) {
        return ResponseHeader.newBuilder().setRevision(revision).build();
    }

    /** @param revision of the answer to each range */
    FakeMember(LongSupplier revision) throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .intercept(new ServerInterceptor() {
                    @Override
                    public <Q, A> ServerCall.Listener<Q> interceptCall(
                            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                        String token = headers.get(TOKEN);
                        Context context = Context.current().withValue(CALLER, token == null ? "" : token);
                        return Contexts.interceptCall(context, call, headers, next);
                    }
                })
                .addService(new KVGrpc.KVImplBase() {
                    @Override
                    public void range(RangeRequest request, StreamObserver<RangeResponse> answer) {
                        answer.onNext(RangeResponse.newBuilder()
                                .setHeader(header(revision.getAsLong()))
                                .build());
                        answer.onCompleted();
                    }
                })
                .addService(new WatchGrpc.WatchImplBase() {
                    @Override
                    public StreamObserver<WatchRequest> watch(StreamObserver<WatchResponse> answers) {
                        String token = CALLER.get();
                        return new StreamObserver<>() {
                            @Override
                            public void onNext(WatchRequest request) {
                                WatchCreateRequest create = request.getCreateRequest();
                                boolean leader = create.getKey().toStringUtf8().equals("__lostleader");
                                (leader ? leaderWatches : watches).add(new Watch(create, token, answers));
                            }

                            @Override
                            public void onError(Throwable error) {
                                // The proxy does not want it any more.
                            }

                            @Override
                            public void onCompleted() {
                                // Nothing more is asked for.
                            }
                        };
                    }
                })
                .build()
                .start();
    }

    String target() {
        return "127.0.0.1:" + server.getPort();
    }

    Watch nextWatch() throws InterruptedException {
        return next(watches);
    }

    Watch nextLeaderWatch() throws InterruptedException {
        return next(leaderWatches);
    }

    boolean hasNoMoreWatches() {
        return watches.isEmpty();
    }

    private static Watch next(BlockingQueue<Watch> from) throws InterruptedException {
        Watch watch = from.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (watch == null) {
            throw new AssertionError("no watch was opened");
        }
        return watch;
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
