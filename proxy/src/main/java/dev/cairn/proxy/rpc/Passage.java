package dev.cairn.proxy.rpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Passes the calls of a service on to members, message by message and unread. A message is asked for when the other side has room, so that
 * a call holds one message in each direction and what the transports hold. Stateless.
 */
final class Passage {
    private Passage() {}

    /**
     * A service of which every method is passed on, except those that are answered otherwise.
     *
     * @param own by the full name of the method
     */
    static ServerServiceDefinition of(
            ServiceDescriptor service, Channel channel, Map<String, ServerMethodDefinition<?, ?>> own) {
        List<ServerMethodDefinition<?, ?>> methods = new ArrayList<>();
        for (MethodDescriptor<?, ?> method : service.getMethods()) {
            ServerMethodDefinition<?, ?> answered = own.get(method.getFullMethodName());
            methods.add(answered == null ? passedOn(unread(method), channel) : answered);
        }
        ServiceDescriptor.Builder described = ServiceDescriptor.newBuilder(service.getName());
        methods.forEach(method -> described.addMethod(method.getMethodDescriptor()));
        ServerServiceDefinition.Builder definition = ServerServiceDefinition.builder(described.build());
        methods.forEach(definition::addMethod);
        return definition.build();
    }

    private static ServerMethodDefinition<byte[], byte[]> passedOn(
            MethodDescriptor<byte[], byte[]> method, Channel channel) {
        return ServerMethodDefinition.create(method, handler(method, channel));
    }

    private static MethodDescriptor<byte[], byte[]> unread(MethodDescriptor<?, ?> method) {
        return MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(method.getType())
                .setFullMethodName(method.getFullMethodName())
                .setRequestMarshaller(new Bytes())
                .setResponseMarshaller(new Bytes())
                .build();
    }

    private static ServerCallHandler<byte[], byte[]> handler(MethodDescriptor<byte[], byte[]> method, Channel channel) {
        return (client, headers) -> {
            ClientCall<byte[], byte[]> member = channel.newCall(method, CallOptions.DEFAULT);
            ToClient answers = new ToClient(client, member);
            member.start(answers, new Metadata());
            client.request(1);
            member.request(1);
            return new ToMember(client, member, answers);
        };
    }

    /** Confined to the client's event loop. */
    private static final class ToMember extends ServerCall.Listener<byte[]> {
        private final ServerCall<byte[], byte[]> client;
        private final ClientCall<byte[], byte[]> member;
        private final ToClient answers;

        ToMember(ServerCall<byte[], byte[]> client, ClientCall<byte[], byte[]> member, ToClient answers) {
            this.client = client;
            this.member = member;
            this.answers = answers;
        }

        @Override
        public void onMessage(byte[] message) {
            member.sendMessage(message);
            answers.wantRequest();
        }

        @Override
        public void onHalfClose() {
            member.halfClose();
        }

        @Override
        public void onCancel() {
            member.cancel("the client has cancelled", null);
        }

        @Override
        public void onReady() {
            answers.clientIsReady();
        }
    }

    /** On the event loop of the member's connection; its flags also on the client's, under its monitor. */
    private static final class ToClient extends ClientCall.Listener<byte[]> {
        private final ServerCall<byte[], byte[]> client;
        private final ClientCall<byte[], byte[]> member;
        private boolean wantsRequest;
        private boolean wantsAnswer;
        private boolean headersSent;

        ToClient(ServerCall<byte[], byte[]> client, ClientCall<byte[], byte[]> member) {
            this.client = client;
            this.member = member;
        }

        @Override
        public void onMessage(byte[] message) {
            if (!headersSent) {
                headersSent = true;
                client.sendHeaders(new Metadata());
            }
            client.sendMessage(message);
            synchronized (this) {
                if (!client.isReady()) {
                    wantsAnswer = true;
                    return;
                }
            }
            member.request(1);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            client.close(status, new Metadata());
        }

        @Override
        public void onReady() {
            synchronized (this) {
                if (!wantsRequest) {
                    return;
                }
                wantsRequest = false;
            }
            client.request(1);
        }

        /** The next message of the client is taken when the member has room for it. */
        void wantRequest() {
            synchronized (this) {
                if (!member.isReady()) {
                    wantsRequest = true;
                    return;
                }
            }
            client.request(1);
        }

        void clientIsReady() {
            synchronized (this) {
                if (!wantsAnswer) {
                    return;
                }
                wantsAnswer = false;
            }
            member.request(1);
        }
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw Status.INTERNAL
                        .withDescription("a message in memory cannot be read")
                        .withCause(e)
                        .asRuntimeException();
            }
        }
    }
}
