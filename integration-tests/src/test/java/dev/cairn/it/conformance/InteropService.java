package dev.cairn.it.conformance;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.protobuf.lite.ProtoLiteUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of gRPC's interoperability tests, {@code grpc.testing.TestService}: as much of it as the cases ask for. What a case
 * would need and is not here is answered with a failure, so no case passes for want of it. Its messages are few and small and are read
 * and made by their fields' numbers.
 *
 * <p>Single calls are answered on the thread that brought them, streams from another one: a server's services do both. Thread-safe; what is
 * said on one stream is said by one thread.
 */
final class InteropService {
    static final String NAME = "grpc.testing.TestService";

    /** Beside them, for clients that make no messages: answers a kilobyte at once, and ends when the client does. */
    static final String GREETER = "dev.cairn.it.Greeter";

    static final String GREET = "Greet";

    private static final int GREETING_BYTES = 1024;

    // Of SimpleRequest and StreamingOutputCallRequest.
    private static final int RESPONSE_TYPE = 1;
    private static final int RESPONSE_SIZE = 2;
    private static final int RESPONSE_PARAMETERS = 2;
    private static final int RESPONSE_STATUS = 7;
    private static final int FILL_SERVER_ID = 9;

    // Of ResponseParameters.
    private static final int SIZE = 1;
    private static final int INTERVAL_MICROS = 2;

    // Of StreamingInputCallRequest and all answers.
    private static final int PAYLOAD = 1;
    private static final int AGGREGATED_SIZE = 1;
    private static final int SERVER_ID = 4;

    // Of Payload.
    private static final int BODY = 2;

    // Of EchoStatus.
    private static final int CODE = 1;
    private static final int MESSAGE = 2;

    private static final Metadata.Key<String> ECHO_INITIAL =
            Metadata.Key.of("x-grpc-test-echo-initial", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<byte[]> ECHO_TRAILING =
            Metadata.Key.of("x-grpc-test-echo-trailing-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private static final UnknownFieldSet EMPTY = UnknownFieldSet.getDefaultInstance();

    private final Executor streams;

    private InteropService(Executor streams) {
        this.streams = streams;
    }

    /** @param streams runs one thing after the other */
    static List<ServerServiceDefinition> services(Executor streams) {
        InteropService service = new InteropService(streams);
        ServerServiceDefinition interop = ServerServiceDefinition.builder(NAME)
                .addMethod(
                        method(NAME, "EmptyCall", MethodType.UNARY), ServerCalls.asyncUnaryCall((request, answers) -> {
                            answers.onNext(EMPTY);
                            answers.onCompleted();
                        }))
                .addMethod(
                        method(NAME, "UnaryCall", MethodType.UNARY), ServerCalls.asyncUnaryCall(InteropService::unary))
                .addMethod(
                        method(NAME, "StreamingOutputCall", MethodType.SERVER_STREAMING),
                        ServerCalls.asyncServerStreamingCall(service::streamOut))
                .addMethod(
                        method(NAME, "StreamingInputCall", MethodType.CLIENT_STREAMING),
                        ServerCalls.asyncClientStreamingCall(service::streamIn))
                .addMethod(
                        method(NAME, "FullDuplexCall", MethodType.BIDI_STREAMING),
                        ServerCalls.asyncBidiStreamingCall(service::streamBoth))
                .build();
        ServerServiceDefinition greeter = ServerServiceDefinition.builder(GREETER)
                .addMethod(
                        method(GREETER, GREET, MethodType.BIDI_STREAMING),
                        ServerCalls.asyncBidiStreamingCall(InteropService::greet))
                .build();
        return List.of(ServerInterceptors.intercept(interop, new Echo()), greeter);
    }

    private static MethodDescriptor<UnknownFieldSet, UnknownFieldSet> method(
            String service, String name, MethodType type) {
        return MethodDescriptor.<UnknownFieldSet, UnknownFieldSet>newBuilder()
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(service, name))
                .setRequestMarshaller(ProtoLiteUtils.marshaller(EMPTY))
                .setResponseMarshaller(ProtoLiteUtils.marshaller(EMPTY))
                .build();
    }

    private static void unary(UnknownFieldSet request, StreamObserver<UnknownFieldSet> answers) {
        Status asked = status(request);
        if (asked == null) {
            UnknownFieldSet.Builder answer = payload(number(request, RESPONSE_SIZE)).toBuilder();
            if (number(request, FILL_SERVER_ID) != 0) {
                answer.addField(SERVER_ID, delimited(ByteString.copyFromUtf8("the only one")));
            }
            answers.onNext(answer.build());
            answers.onCompleted();
        } else {
            answers.onError(asked.asRuntimeException());
        }
    }

    private void streamOut(UnknownFieldSet request, StreamObserver<UnknownFieldSet> answers) {
        streams.execute(() -> {
            if (answer(request, answers)) {
                answers.onCompleted();
            }
        });
    }

    private StreamObserver<UnknownFieldSet> streamIn(StreamObserver<UnknownFieldSet> answers) {
        int[] sum = {0};
        return observer(
                request -> sum[0] += bytes(message(request, PAYLOAD), BODY).size(), () -> {
                    answers.onNext(UnknownFieldSet.newBuilder()
                            .addField(AGGREGATED_SIZE, varint(sum[0]))
                            .build());
                    answers.onCompleted();
                });
    }

    private StreamObserver<UnknownFieldSet> streamBoth(StreamObserver<UnknownFieldSet> answers) {
        boolean[] failed = {false};
        return observer(request -> failed[0] = failed[0] || !answer(request, answers), () -> {
            if (!failed[0]) {
                answers.onCompleted();
            }
        });
    }

    private StreamObserver<UnknownFieldSet> observer(Consumer<UnknownFieldSet> onMessage, Runnable onEnd) {
        return new StreamObserver<>() {
            @Override
            public void onNext(UnknownFieldSet message) {
                streams.execute(() -> onMessage.accept(message));
            }

            @Override
            public void onError(Throwable failure) {
                // The client has given up, and expects nothing.
            }

            @Override
            public void onCompleted() {
                streams.execute(onEnd);
            }
        };
    }

    private static StreamObserver<UnknownFieldSet> greet(StreamObserver<UnknownFieldSet> answers) {
        answers.onNext(payload(GREETING_BYTES));
        return new StreamObserver<>() {
            @Override
            public void onNext(UnknownFieldSet message) {
                // Nothing is asked for that was not said already.
            }

            @Override
            public void onError(Throwable failure) {
                // The client has given up, and expects nothing.
            }

            @Override
            public void onCompleted() {
                answers.onCompleted();
            }
        };
    }

    /** Answers one request of a stream; whether the stream goes on. */
    private static boolean answer(UnknownFieldSet request, StreamObserver<UnknownFieldSet> answers) {
        Status asked = status(request);
        if (asked != null) {
            answers.onError(asked.asRuntimeException());
            return false;
        }
        for (ByteString bytes : request.getField(RESPONSE_PARAMETERS).getLengthDelimitedList()) {
            UnknownFieldSet parameters = parsed(bytes);
            if (number(parameters, INTERVAL_MICROS) != 0) {
                answers.onError(Status.UNIMPLEMENTED
                        .withDescription("no intervals between answers")
                        .asRuntimeException());
                return false;
            }
            answers.onNext(payload(number(parameters, SIZE)));
        }
        return true;
    }

    /** The status that the client wants to see; null when the call shall succeed. */
    private static @Nullable Status status(UnknownFieldSet request) {
        if (number(request, RESPONSE_TYPE) != 0) {
            return Status.INVALID_ARGUMENT.withDescription("an unknown type of payload");
        }
        if (!request.hasField(RESPONSE_STATUS)) {
            return null;
        }
        UnknownFieldSet asked = message(request, RESPONSE_STATUS);
        int code = number(asked, CODE);
        return code == 0
                ? null
                : Status.fromCodeValue(code)
                        .withDescription(bytes(asked, MESSAGE).toStringUtf8());
    }

    private static UnknownFieldSet payload(int size) {
        // The only type there is goes without saying; others have been refused.
        UnknownFieldSet payload = UnknownFieldSet.newBuilder()
                .addField(BODY, delimited(ByteString.copyFrom(new byte[size])))
                .build();
        return UnknownFieldSet.newBuilder()
                .addField(PAYLOAD, delimited(payload.toByteString()))
                .build();
    }

    private static UnknownFieldSet message(UnknownFieldSet in, int field) {
        return parsed(bytes(in, field));
    }

    private static ByteString bytes(UnknownFieldSet in, int field) {
        List<ByteString> values = in.getField(field).getLengthDelimitedList();
        return values.isEmpty() ? ByteString.EMPTY : values.get(values.size() - 1);
    }

    private static int number(UnknownFieldSet in, int field) {
        List<Long> values = in.getField(field).getVarintList();
        return values.isEmpty() ? 0 : values.get(values.size() - 1).intValue();
    }

    private static UnknownFieldSet parsed(ByteString bytes) {
        try {
            return UnknownFieldSet.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw Status.INVALID_ARGUMENT.withCause(e).asRuntimeException();
        }
    }

    private static Field varint(long value) {
        return Field.newBuilder().addVarint(value).build();
    }

    private static Field delimited(ByteString value) {
        return Field.newBuilder().addLengthDelimited(value).build();
    }

    /** Gives the client's own metadata back to it. */
    private static final class Echo implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata request, ServerCallHandler<Q, A> next) {
            return next.startCall(
                    new SimpleForwardingServerCall<>(call) {
                        @Override
                        public void sendHeaders(Metadata headers) {
                            copy(ECHO_INITIAL, headers);
                            super.sendHeaders(headers);
                        }

                        @Override
                        public void close(Status status, Metadata trailers) {
                            copy(ECHO_TRAILING, trailers);
                            super.close(status, trailers);
                        }

                        private <T> void copy(Metadata.Key<T> key, Metadata to) {
                            T value = request.get(key);
                            if (value != null) {
                                to.put(key, value);
                            }
                        }
                    },
                    request);
        }
    }
}
