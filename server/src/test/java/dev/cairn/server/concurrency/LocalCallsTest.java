package dev.cairn.server.concurrency;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.rpc.Caller;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Inner calls of services that the test plays, with an event loop that the test turns. */
@SuppressWarnings("NullAway.Init") // The calls are made before each test.
class LocalCallsTest {
    private static final Context.Key<String> WHO = Context.key("who");

    private final ArrayDeque<Runnable> loop = new ArrayDeque<>();
    private final List<String> heard = new ArrayList<>();
    private final Renewals renewals = new Renewals();
    private final Leases leases = new Leases();
    private final Watches watches = new Watches();
    private MemberCalls calls;

    private final class Leases extends LeaseGrpc.LeaseImplBase {
        @Override
        public void leaseGrant(LeaseGrantRequest request, StreamObserver<LeaseGrantResponse> call) {
            heard.add("grant for " + WHO.get());
            if (request.getID() == 0) {
                call.onError(EtcdError.NO_SPACE.asException());
            } else {
                call.onNext(
                        LeaseGrantResponse.newBuilder().setID(request.getID()).build());
                call.onCompleted();
            }
        }

        @Override
        public StreamObserver<LeaseKeepAliveRequest> leaseKeepAlive(StreamObserver<LeaseKeepAliveResponse> call) {
            return new StreamObserver<>() {
                @Override
                public void onNext(LeaseKeepAliveRequest request) {
                    heard.add("renewal of " + request.getID());
                    call.onNext(LeaseKeepAliveResponse.getDefaultInstance());
                }

                @Override
                public void onError(Throwable cause) {
                    heard.add("renewal over");
                }

                @Override
                public void onCompleted() {
                    heard.add("renewal complete");
                }
            };
        }
    }

    private final class Watches extends WatchGrpc.WatchImplBase {
        private @Nullable ServerCallStreamObserver<WatchResponse> call;

        @Override
        public StreamObserver<WatchRequest> watch(StreamObserver<WatchResponse> observer) {
            ServerCallStreamObserver<WatchResponse> opened = (ServerCallStreamObserver<WatchResponse>) observer;
            call = opened;
            opened.setOnReadyHandler(() -> heard.add("ready for " + WHO.get()));
            opened.setOnCancelHandler(() -> heard.add("cancelled"));
            return new StreamObserver<>() {
                @Override
                public void onNext(WatchRequest request) {
                    heard.add("watch");
                }

                @Override
                public void onError(Throwable cause) {
                    heard.add("error");
                }

                @Override
                public void onCompleted() {
                    heard.add("complete");
                }
            };
        }

        ServerCallStreamObserver<WatchResponse> call() {
            return Objects.requireNonNull(call);
        }
    }

    /** The calls are those of an outer call, whose context has the caller and is cancelled afterwards. */
    @BeforeEach
    void begin() {
        LocalCalls.Services services =
                new LocalCalls.Services(List.of(leases.bindService(), watches.bindService()), renewals);
        Context.CancellableContext outer =
                Context.current().withValue(WHO, "somebody").withCancellation();
        outer.run(() -> {
            var ignored = new Caller.Interceptor()
                    .interceptCall(new OuterCall(loop::add), new Metadata(), (call, metadata) -> {
                        calls = services.ofCurrentCaller();
                        return new ServerCall.Listener<LeaseGrantRequest>() {};
                    });
        });
        outer.cancel(null);
    }

    private void turn() {
        for (Runnable task = loop.poll(); task != null; task = loop.poll()) {
            task.run();
        }
    }

    @Test
    void shouldAnswerOnTheLoopInTheNameOfTheCaller() {
        grant(7);
        assertThat(heard).as("no answer inside the call").containsExactly("grant for somebody");
        turn();
        assertThat(heard).containsExactly("grant for somebody", "granted 7 to somebody");
    }

    @Test
    void shouldFailWithTheStatusOfTheService() {
        grant(0);
        turn();
        assertThat(heard).endsWith("RESOURCE_EXHAUSTED etcdserver: mvcc: database space exceeded");
    }

    private void grant(long id) {
        LeaseGrantRequest request = LeaseGrantRequest.newBuilder().setID(id).build();
        calls.call(LeaseGrpc.getLeaseGrantMethod(), request, new Reply<LeaseGrantResponse>() {
            @Override
            public void complete(LeaseGrantResponse response) {
                heard.add("granted " + response.getID() + " to " + WHO.get());
            }

            @Override
            public void fail(Status status) {
                heard.add(status.getCode() + " " + status.getDescription());
            }
        });
    }

    @Test
    void shouldTakeOneWatchResponseAtATime() {
        MemberCalls.Watch watch = watch();
        assertThat(watches.call().isReady()).isFalse();
        watch.next();
        watch.next();
        assertThat(heard).containsExactly("watch", "ready for somebody");
        assertThat(watches.call().isReady()).isTrue();
        watches.call().onNext(WatchResponse.newBuilder().setWatchId(3).build());
        assertThat(watches.call().isReady()).isFalse();
        turn();
        assertThat(heard).endsWith("response 3");
        watch.cancel();
        watch.cancel();
        assertThat(heard).endsWith("response 3", "cancelled", "error");
    }

    @Test
    void shouldHearNothingAfterACancellation() {
        MemberCalls.Watch watch = watch();
        watch.next();
        watches.call().onNext(WatchResponse.getDefaultInstance());
        watch.cancel();
        turn();
        assertThat(heard).doesNotContain("response 0").endsWith("cancelled", "error");
        assertThat(watches.call().isCancelled()).isTrue();
    }

    @Test
    void shouldHearThatTheServiceEndsAWatch() {
        watch();
        watches.call().onError(EtcdError.STOPPED.asException());
        turn();
        assertThat(heard).endsWith("closed UNAVAILABLE");
    }

    private MemberCalls.Watch watch() {
        return calls.watch(WatchCreateRequest.getDefaultInstance(), new MemberCalls.WatchListener() {
            @Override
            public void onResponse(WatchResponse response) {
                heard.add("response " + response.getWatchId());
            }

            @Override
            public void onClosed(Status status) {
                heard.add("closed " + status.getCode());
            }
        });
    }

    @Test
    void shouldRenewUntilStopped() {
        Runnable stop = calls.keepAlive(5);
        for (int i = 1; i <= 3; i++) {
            assertThat(renewals.doWork(System.nanoTime() + Renewals.INTERVAL_NANOS))
                    .isEqualTo(1);
            turn();
            assertThat(heard.stream().filter("renewal of 5"::equals)).hasSize(i);
            assertThat(renewals.size()).isEqualTo(1);
        }
        stop.run();
        assertThat(renewals.size()).isZero();
    }

    @Test
    void shouldNotRenewWhenStoppedWhileDue() {
        Runnable stop = calls.keepAlive(5);
        assertThat(renewals.doWork(System.nanoTime() + Renewals.INTERVAL_NANOS)).isEqualTo(1);
        stop.run();
        turn();
        assertThat(heard).isEmpty();
        assertThat(renewals.size()).isZero();
    }

    /** What the interceptor sees of the outer call: the event loop of its connection. */
    private static final class OuterCall extends ServerCall<LeaseGrantRequest, LeaseGrantResponse> {
        private final Executor eventLoop;

        OuterCall(Executor eventLoop) {
            this.eventLoop = eventLoop;
        }

        @Override
        public Attributes getAttributes() {
            return Attributes.newBuilder()
                    .set(EventLoops.OF_CONNECTION, eventLoop)
                    .build();
        }

        @Override
        public void request(int count) {}

        @Override
        public void sendHeaders(Metadata headers) {}

        @Override
        public void sendMessage(LeaseGrantResponse message) {}

        @Override
        public void close(Status status, Metadata trailers) {}

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public MethodDescriptor<LeaseGrantRequest, LeaseGrantResponse> getMethodDescriptor() {
            return LeaseGrpc.getLeaseGrantMethod();
        }
    }
}
