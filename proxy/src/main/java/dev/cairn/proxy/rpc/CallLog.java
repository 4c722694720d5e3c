package dev.cairn.proxy.rpc;

import io.grpc.ForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a line about the beginning and one about the end of every call. Thread-safe. */
final class CallLog implements ServerInterceptor {
    private static final Logger LOG = LoggerFactory.getLogger(CallLog.class);

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        long began = System.nanoTime();
        MethodDescriptor<Q, A> method = call.getMethodDescriptor();
        LOG.atInfo()
                .setMessage("started call")
                .addKeyValue("grpc.service", method.getServiceName())
                .addKeyValue("grpc.method", method.getBareMethodName())
                .log();
        return next.startCall(
                new ForwardingServerCall.SimpleForwardingServerCall<>(call) {
                    @Override
                    public void close(Status status, Metadata trailers) {
                        LOG.atInfo()
                                .setMessage("finished call")
                                .addKeyValue("grpc.service", method.getServiceName())
                                .addKeyValue("grpc.method", method.getBareMethodName())
                                .addKeyValue("grpc.code", status.getCode().name())
                                .addKeyValue("grpc.time_ms", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began))
                                .log();
                        super.close(status, trailers);
                    }
                },
                headers);
    }
}
