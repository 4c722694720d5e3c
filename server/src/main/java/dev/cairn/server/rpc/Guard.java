package dev.cairn.server.rpc;

import com.google.protobuf.Message;
import dev.cairn.auth.Identity;
import dev.cairn.auth.Operation;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.MemberAddRequest;
import dev.cairn.server.access.Access;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.membership.Reconfiguration;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Stands before every method of etcd's services that the table of {@link Operation} judges on arrival: its service hears of a
 * request only when it is permitted. Nobody has to think of that when a method is added, and a method without a row in the table
 * cannot be served at all. Methods that are judged by the keys they touch judge themselves, when they have waited for their turn;
 * to them the guard adds nothing.
 */
public final class Guard {
    /** The package whose methods the table lists. */
    private static final String LISTED = KVGrpc.SERVICE_NAME.substring(0, KVGrpc.SERVICE_NAME.lastIndexOf('.') + 1);

    private Guard() {}

    /**
     * The service behind its guard.
     *
     * @throws IllegalStateException when it has a method that nobody has said who may call
     */
    public static ServerServiceDefinition of(ServerServiceDefinition service, Access access) {
        ServerServiceDefinition.Builder guarded = ServerServiceDefinition.builder(service.getServiceDescriptor());
        for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
            guarded.addMethod(guarded(method, access));
        }
        return guarded.build();
    }

    private static <Q, R> ServerMethodDefinition<Q, R> guarded(ServerMethodDefinition<Q, R> method, Access access) {
        MethodDescriptor<Q, R> descriptor = method.getMethodDescriptor();
        Operation operation = Operation.ofRpc(descriptor.getFullMethodName());
        if (operation == null && descriptor.getFullMethodName().startsWith(LISTED)) {
            throw new IllegalStateException("nobody has said who may call " + descriptor.getFullMethodName());
        }
        if (operation == null || !operation.isJudgedOnArrival()) {
            return method;
        }
        ServerCallHandler<Q, R> handler = method.getServerCallHandler();
        return method.withServerCallHandler(
                (call, metadata) -> new Checked<>(access, operation, call, handler.startCall(call, metadata)));
    }

    /** What etcd finds wrong with a request before it asks who sends it; null for nearly all. */
    private static @Nullable EtcdError faultBeforeWho(Message request) {
        return request instanceof MemberAddRequest add && !Reconfiguration.isUsable(add.getPeerURLsList())
                ? EtcdError.MEMBER_BAD_URLS
                : null;
    }

    /**
     * Passes on what comes, each request once it is permitted. Confined to the call's executor, which is the event loop that a
     * delayed verdict comes on as well. What comes behind a request that waits for its verdict is held; the transport brings no
     * more than was asked for.
     */
    private static final class Checked<Q> extends ServerCall.Listener<Q> {
        private final Access access;
        private final Operation operation;
        private final ServerCall<Q, ?> call;
        private final ServerCall.Listener<Q> service;
        private final Caller caller = Caller.current();
        private final Context context = Context.current();
        private final ArrayDeque<Runnable> held = new ArrayDeque<>();
        private boolean checking;
        private boolean over;

        Checked(Access access, Operation operation, ServerCall<Q, ?> call, ServerCall.Listener<Q> service) {
            this.access = access;
            this.operation = operation;
            this.call = call;
            this.service = service;
        }

        @Override
        public void onMessage(Q request) {
            whenFree(() -> {
                EtcdError fault = faultBeforeWho((Message) request);
                if (fault != null) {
                    refuse(fault);
                    return;
                }
                checking = true;
                access.check(operation, (Message) request, caller.credentials(), new Completion<>() {
                    @Override
                    public void complete(Identity who) {
                        checking = false;
                        if (!over) {
                            context.run(() -> {
                                service.onMessage(request);
                                release();
                            });
                        }
                    }

                    @Override
                    public void fail(EtcdError error) {
                        checking = false;
                        if (!over) {
                            refuse(error);
                        }
                    }
                });
            });
        }

        private void refuse(EtcdError error) {
            over = true;
            held.clear();
            call.close(error.status(), new Metadata());
        }

        @Override
        public void onHalfClose() {
            whenFree(service::onHalfClose);
        }

        @Override
        public void onCancel() {
            over = true;
            held.clear();
            service.onCancel();
        }

        @Override
        public void onComplete() {
            service.onComplete();
        }

        @Override
        public void onReady() {
            service.onReady();
        }

        private void whenFree(Runnable event) {
            if (checking) {
                held.add(event);
            } else if (!over) {
                event.run();
            }
        }

        private void release() {
            while (!checking && !over && !held.isEmpty()) {
                held.remove().run();
            }
        }
    }
}
