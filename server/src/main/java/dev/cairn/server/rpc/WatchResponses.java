package dev.cairn.server.rpc;

import dev.cairn.watch.EncodedResponse;
import io.grpc.MethodDescriptor;
import java.io.InputStream;

/** Puts encoded watch responses on the transport. */
final class WatchResponses {
    /** Writes responses; it is never asked to read one. */
    static final MethodDescriptor.Marshaller<EncodedResponse> MARSHALLER = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(EncodedResponse response) {
            return new EncodedStream(response.size(), response::writeTo);
        }

        @Override
        public EncodedResponse parse(InputStream stream) {
            throw new IllegalStateException("a server sends watch responses and receives none");
        }
    };

    private WatchResponses() {}
}
