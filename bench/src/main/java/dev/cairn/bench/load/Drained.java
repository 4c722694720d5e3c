package dev.cairn.bench.load;

import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.SnapshotRequest;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Iterator;

/** Large answers that are counted and not decoded, as that would take this JVM as long as the server takes to make them. Stateless. */
public final class Drained {
    private static final MethodDescriptor<RangeRequest, Long> RANGE = drained(KVGrpc.getRangeMethod());
    private static final MethodDescriptor<SnapshotRequest, Long> SNAPSHOT =
            drained(MaintenanceGrpc.getSnapshotMethod());

    private Drained() {}

    /** The observer gets the number of bytes. */
    public static void range(ManagedChannel channel, RangeRequest request, StreamObserver<Long> bytes) {
        ClientCalls.asyncUnaryCall(channel.newCall(RANGE, CallOptions.DEFAULT), request, bytes);
    }

    /** @return the number of bytes when all are there */
    public static long snapshot(ManagedChannel channel) {
        long sum = 0;
        Iterator<Long> parts = ClientCalls.blockingServerStreamingCall(
                channel, SNAPSHOT, CallOptions.DEFAULT, SnapshotRequest.getDefaultInstance());
        while (parts.hasNext()) {
            sum += parts.next();
        }
        return sum;
    }

    private static <Q, A> MethodDescriptor<Q, Long> drained(MethodDescriptor<Q, A> method) {
        return method.toBuilder(method.getRequestMarshaller(), new Counting()).build();
    }

    private static final class Counting implements MethodDescriptor.Marshaller<Long> {
        @Override
        public InputStream stream(Long value) {
            throw new UnsupportedOperationException("a client sends no answers");
        }

        @Override
        public Long parse(InputStream stream) {
            try {
                long count = stream.available();
                stream.skipNBytes(count);
                return count;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
