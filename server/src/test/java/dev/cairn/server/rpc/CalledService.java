package dev.cairn.server.rpc;

import dev.cairn.server.net.EventLoops;
import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Calls a service without any network: one request, all on the test's thread. */
final class CalledService {
    private CalledService() {}

    /** What a call gave: its responses, and its end, if it has ended. */
    record Outcome<R>(List<R> responses, @Nullable Status end) {}

    @SuppressWarnings("unchecked") // A service has its own methods under their own names.
    static <Q, R> Outcome<R> call(BindableService service, MethodDescriptor<Q, R> method, Q request) {
        ServerMethodDefinition<Q, R> definition = (ServerMethodDefinition<Q, R>)
                ServerInterceptors.intercept(service, new Caller.Interceptor()).getMethod(method.getFullMethodName());
        Call<Q, R> call = new Call<>(method);
        ServerCall.Listener<Q> listener = definition.getServerCallHandler().startCall(call, new Metadata());
        listener.onReady();
        listener.onMessage(request);
        listener.onHalfClose();
        return new Outcome<>(call.responses, call.end);
    }

    private static final class Call<Q, R> extends ServerCall<Q, R> {
        private final MethodDescriptor<Q, R> method;
        private final List<R> responses = new ArrayList<>();
        private @Nullable Status end;

        Call(MethodDescriptor<Q, R> method) {
            this.method = method;
        }

        @Override
        public void request(int messages) {}

        @Override
        public void sendHeaders(Metadata headers) {}

        @Override
        public void sendMessage(R message) {
            responses.add(message);
        }

        @Override
        public void close(Status status, Metadata trailers) {
            end = status;
        }

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public Attributes getAttributes() {
            Executor direct = Runnable::run;
            return Attributes.newBuilder().set(EventLoops.OF_CONNECTION, direct).build();
        }

        @Override
        public MethodDescriptor<Q, R> getMethodDescriptor() {
            return method;
        }
    }
}
