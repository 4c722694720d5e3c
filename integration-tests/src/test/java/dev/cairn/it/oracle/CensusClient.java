package dev.cairn.it.oracle;

import com.google.protobuf.Message;
import dev.cairn.it.process.ServerProcess;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.util.Collection;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** A client that takes down which fields it sent and got, and how its calls ended. Thread-safe, the census by its lock. */
final class CensusClient implements AutoCloseable {
    static final long WAIT_SECONDS = 60;

    private final ManagedChannel connection;
    private final Channel channel;
    private final FieldCensus census = new FieldCensus();

    CensusClient(ServerProcess server) {
        connection =
                NettyChannelBuilder.forTarget(server.target()).usePlaintext().build();
        channel = ClientInterceptors.intercept(connection, new Recorder());
    }

    /** A stub whose calls do not wait for ever. */
    <S extends AbstractStub<S>> S stub(Function<Channel, S> factory) {
        return factory.apply(channel).withDeadlineAfter(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    /** A stub whose calls carry a line of metadata. */
    <S extends AbstractStub<S>> S stub(Function<Channel, S> factory, String key, String value) {
        return stub(factory).withInterceptors(with(key, value));
    }

    private static ClientInterceptor with(String key, String value) {
        Metadata metadata = new Metadata();
        metadata.put(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER), value);
        return MetadataUtils.newAttachHeadersInterceptor(metadata);
    }

    /** What the call gave, or code and text of its error. */
    static String outcome(Callable<?> call) {
        try {
            return String.valueOf(call.call());
        } catch (ExecutionException e) {
            return text(Status.fromThrowable(e));
        } catch (Exception e) {
            Status status = Status.fromThrowable(e);
            if (status.getCause() == e) {
                throw new AssertionError("not the end of a call", e);
            }
            return text(status);
        }
    }

    static String text(Status status) {
        return status.isOk() ? "OK" : status.getCode() + ": " + status.getDescription();
    }

    void addTo(Collection<String> all) {
        synchronized (census) {
            census.addTo(all);
        }
    }

    @Override
    public void close() {
        connection.shutdownNow();
    }

    private final class Recorder implements ClientInterceptor {
        @Override
        public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
            return new SimpleForwardingClientCall<Q, R>(next.newCall(method, options)) {
                @Override
                public void start(ClientCall.Listener<R> listener, Metadata headers) {
                    super.start(
                            new SimpleForwardingClientCallListener<R>(listener) {
                                @Override
                                public void onMessage(R message) {
                                    note(message);
                                    super.onMessage(message);
                                }

                                @Override
                                public void onClose(Status status, Metadata trailers) {
                                    synchronized (census) {
                                        census.noteStatus(text(status));
                                    }
                                    super.onClose(status, trailers);
                                }
                            },
                            headers);
                }

                @Override
                public void sendMessage(Q message) {
                    note(message);
                    super.sendMessage(message);
                }
            };
        }

        private void note(Object message) {
            synchronized (census) {
                census.note((Message) message);
            }
        }
    }
}
