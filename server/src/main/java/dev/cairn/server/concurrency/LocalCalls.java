package dev.cairn.server.concurrency;

import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.server.rpc.Caller;
import io.grpc.Context;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** Inner calls as {@link LocalCall}s of the services that clients are offered. Confined to the event loop of the outer call. */
public final class LocalCalls implements MemberCalls {
    /** The services to call, for whichever caller. Thread-safe. */
    public static final class Services {
        private final Map<String, ServerMethodDefinition<?, ?>> methods = new HashMap<>();
        private final Renewals renewals;

        /** @param services without interceptors: the outer call has passed them, and its context says who calls */
        public Services(List<ServerServiceDefinition> services, Renewals renewals) {
            this.renewals = renewals;
            for (ServerServiceDefinition service : services) {
                for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
                    methods.put(method.getMethodDescriptor().getFullMethodName(), method);
                }
            }
        }

        /** Inner calls for the call that this thread is just carrying out. */
        public MemberCalls ofCurrentCaller() {
            // What a call leaves behind is put away after it was cancelled as well.
            return new LocalCalls(
                    this, Caller.current().eventLoop(), Context.current().fork());
        }

        @SuppressWarnings("unchecked") // By its name a method has the one request type that its contract gives it.
        private <Q> ServerMethodDefinition<Q, ?> definition(MethodDescriptor<Q, ?> method) {
            ServerMethodDefinition<?, ?> found = methods.get(method.getFullMethodName());
            if (found == null) {
                throw new IllegalArgumentException("no service has " + method.getFullMethodName());
            }
            return (ServerMethodDefinition<Q, ?>) found;
        }
    }

    private final Services services;
    private final Executor eventLoop;
    private final Context context;

    private LocalCalls(Services services, Executor eventLoop, Context context) {
        this.services = services;
        this.eventLoop = eventLoop;
        this.context = context;
    }

    @Override
    public <Q, R> void call(MethodDescriptor<Q, R> method, Q request, Reply<R> reply) {
        LocalCall<Q, ?, R> call = open(method, new UnaryListener<>(reply));
        call.send(request);
        call.halfClose();
    }

    @Override
    public Watch watch(WatchCreateRequest request, WatchListener listener) {
        LocalCall<WatchRequest, ?, WatchResponse> call =
                open(WatchGrpc.getWatchMethod(), new LocalCall.Listener<WatchResponse>() {
                    @Override
                    public void onMessage(WatchResponse response) {
                        listener.onResponse(response);
                    }

                    @Override
                    public void onClosed(Status status) {
                        listener.onClosed(status);
                    }
                });
        call.send(WatchRequest.newBuilder().setCreateRequest(request).build());
        return new Watch() {
            @Override
            public void next() {
                call.next();
            }

            @Override
            public void cancel() {
                call.cancel();
            }
        };
    }

    @Override
    public Runnable keepAlive(long lease) {
        Keeper keeper = new Keeper(lease);
        keeper.renewLater();
        return keeper::stop;
    }

    private <Q, R> LocalCall<Q, ?, R> open(MethodDescriptor<Q, R> method, LocalCall.Listener<R> listener) {
        return open(services.definition(method), method, listener);
    }

    private <Q, S, R> LocalCall<Q, S, R> open(
            ServerMethodDefinition<Q, S> definition, MethodDescriptor<Q, R> method, LocalCall.Listener<R> listener) {
        return LocalCall.open(definition, method, eventLoop, context, listener);
    }

    private static final class UnaryListener<R> implements LocalCall.Listener<R> {
        private final Reply<R> reply;
        private @Nullable R answer;

        UnaryListener(Reply<R> reply) {
            this.reply = reply;
        }

        @Override
        public void onMessage(R message) {
            answer = message;
        }

        @Override
        public void onClosed(Status status) {
            R response = answer;
            if (!status.isOk()) {
                reply.fail(status);
            } else if (response == null) {
                reply.fail(Status.INTERNAL.withDescription("an inner call ended without an answer"));
            } else {
                reply.complete(response);
            }
        }
    }

    /** Keeps one lease alive: one renewal is under way or one waits to fall due. Confined to the event loop. */
    private final class Keeper implements LocalCall.Listener<LeaseKeepAliveResponse> {
        private final long lease;
        private Runnable leaveQueue = () -> {};
        private @Nullable LocalCall<LeaseKeepAliveRequest, ?, LeaseKeepAliveResponse> underway;
        private boolean stopped;

        Keeper(long lease) {
            this.lease = lease;
        }

        void renewLater() {
            leaveQueue = services.renewals.enter(this::renewOnLoop);
        }

        /** Called on the housekeeping thread. */
        private void renewOnLoop() {
            try {
                eventLoop.execute(this::renew);
            } catch (RejectedExecutionException e) {
                // The network has stopped, and with it the call that waits.
                leaveQueue = () -> {};
            }
        }

        private void renew() {
            if (stopped) {
                return;
            }
            endRenewal();
            LocalCall<LeaseKeepAliveRequest, ?, LeaseKeepAliveResponse> call =
                    open(LeaseGrpc.getLeaseKeepAliveMethod(), this);
            underway = call;
            call.send(LeaseKeepAliveRequest.newBuilder().setID(lease).build());
            renewLater();
        }

        void stop() {
            stopped = true;
            leaveQueue.run();
            endRenewal();
        }

        @Override
        public void onMessage(LeaseKeepAliveResponse renewed) {
            endRenewal();
        }

        @Override
        public void onClosed(Status status) {
            underway = null;
        }

        private void endRenewal() {
            if (underway != null) {
                underway.cancel();
                underway = null;
            }
        }
    }
}
