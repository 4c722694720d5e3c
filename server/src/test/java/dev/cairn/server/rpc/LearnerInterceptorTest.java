package dev.cairn.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: a learner serves what etcd's learners serve, and nothing else. Method: calls whose handler only notes that it is reached. */
class LearnerInterceptorTest {
    private final List<String> reached = new ArrayList<>();
    private boolean learner = true;

    @Test
    void shouldServeStatusAndSerializableRanges() {
        assertThat(call(MaintenanceGrpc.getStatusMethod(), StatusRequest.getDefaultInstance()))
                .isEqualTo(Status.OK);
        assertThat(call(
                        KVGrpc.getRangeMethod(),
                        RangeRequest.newBuilder().setSerializable(true).build()))
                .isEqualTo(Status.OK);
        assertThat(reached).hasSize(2);
    }

    @Test
    void shouldRefuseOtherUnaryCalls() {
        assertThat(call(KVGrpc.getRangeMethod(), RangeRequest.getDefaultInstance()))
                .isEqualTo(EtcdError.NOT_SUPPORTED_FOR_LEARNER.status());
        assertThat(call(
                        KVGrpc.getPutMethod(),
                        PutRequest.newBuilder()
                                .setKey(ByteString.copyFromUtf8("k"))
                                .build()))
                .isEqualTo(EtcdError.NOT_SUPPORTED_FOR_LEARNER.status());
        assertThat(reached).isEmpty();
    }

    @Test
    void shouldRefuseAllStreamsButTheSnapshot() {
        assertThat(open(WatchGrpc.getWatchMethod())).isEqualTo(EtcdError.NOT_SUPPORTED_FOR_LEARNER.status());
        assertThat(open(LeaseGrpc.getLeaseKeepAliveMethod())).isEqualTo(EtcdError.NOT_SUPPORTED_FOR_LEARNER.status());
        assertThat(open(KVGrpc.getRangeStreamMethod())).isEqualTo(EtcdError.NOT_SUPPORTED_FOR_LEARNER.status());
        assertThat(open(MaintenanceGrpc.getSnapshotMethod())).isEqualTo(Status.OK);
    }

    @Test
    void shouldServeEverythingOnceItVotes() {
        learner = false;
        assertThat(call(KVGrpc.getRangeMethod(), RangeRequest.getDefaultInstance()))
                .isEqualTo(Status.OK);
        assertThat(open(WatchGrpc.getWatchMethod())).isEqualTo(Status.OK);
    }

    private <Q, R> Status open(MethodDescriptor<Q, R> method) {
        return run(method, null);
    }

    private <Q, R> Status call(MethodDescriptor<Q, R> method, Q request) {
        return run(method, request);
    }

    /** How the call ended by the interceptor; OK when it was let through. */
    private <Q, R> Status run(MethodDescriptor<Q, R> method, @org.jspecify.annotations.Nullable Q request) {
        Call<Q, R> call = new Call<>(method);
        ServerCall.Listener<Q> listener = new LearnerInterceptor(new Known())
                .interceptCall(call, new Metadata(), (started, metadata) -> new ServerCall.Listener<Q>() {
                    @Override
                    public void onHalfClose() {
                        reached.add(method.getFullMethodName());
                    }
                });
        if (request != null) {
            listener.onMessage(request);
        }
        listener.onHalfClose();
        return call.closed;
    }

    private final class Known implements MemberStatus {
        @Override
        public long leader() {
            return 1;
        }

        @Override
        public long term() {
            return 1;
        }

        @Override
        public long committedIndex() {
            return 0;
        }

        @Override
        public long appliedIndex() {
            return 0;
        }

        @Override
        public boolean isLearner() {
            return learner;
        }
    }

    private static final class Call<Q, R> extends ServerCall<Q, R> {
        private final MethodDescriptor<Q, R> method;
        private Status closed = Status.OK;

        Call(MethodDescriptor<Q, R> method) {
            this.method = method;
        }

        @Override
        public void request(int messages) {}

        @Override
        public void sendHeaders(Metadata headers) {}

        @Override
        public void sendMessage(R message) {}

        @Override
        public void close(Status status, Metadata trailers) {
            closed = status;
        }

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public MethodDescriptor<Q, R> getMethodDescriptor() {
            return method;
        }
    }
}
