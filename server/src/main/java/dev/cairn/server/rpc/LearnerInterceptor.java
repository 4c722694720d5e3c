package dev.cairn.server.rpc;

import dev.cairn.failpoint.FailPoint;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Refuses what a learner does not serve: all but its status, serializable ranges and snapshots of its store. One rule for all
 * services, as etcd has it; a call is judged when its request comes, so a learner that was promoted meanwhile serves it.
 * Thread-safe.
 */
public final class LearnerInterceptor implements ServerInterceptor {
    private final MemberStatus status;

    public LearnerInterceptor(MemberStatus status) {
        this.status = status;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata metadata, ServerCallHandler<Q, R> next) {
        boolean learner = status.isLearner();
        FailPoint.AFTER_IS_MEMBER_EXIST.hit();
        if (!learner) {
            return next.startCall(call, metadata);
        }
        MethodDescriptor<Q, R> method = call.getMethodDescriptor();
        if (method.getType() != MethodDescriptor.MethodType.UNARY) {
            return method.getFullMethodName()
                            .equals(MaintenanceGrpc.getSnapshotMethod().getFullMethodName())
                    ? next.startCall(call, metadata)
                    : refuse(call);
        }
        return new SimpleForwardingServerCallListener<>(next.startCall(call, metadata)) {
            private boolean refused;

            @Override
            public void onMessage(Q request) {
                if (status.isLearner() && !isServed(request)) {
                    refused = true;
                    refuse(call);
                    return;
                }
                super.onMessage(request);
            }

            @Override
            public void onHalfClose() {
                if (!refused) {
                    super.onHalfClose();
                }
            }
        };
    }

    private static boolean isServed(Object request) {
        return request instanceof StatusRequest || (request instanceof RangeRequest range && range.getSerializable());
    }

    private static <Q, R> ServerCall.Listener<Q> refuse(ServerCall<Q, R> call) {
        call.close(EtcdError.NOT_SUPPORTED_FOR_LEARNER.status(), new Metadata());
        return new ServerCall.Listener<>() {};
    }
}
