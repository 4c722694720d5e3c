package dev.cairn.it.oracle;

import com.google.protobuf.Message;
import dev.cairn.proto.etcdserverpb.AuthenticateRequest;
import dev.cairn.proto.etcdserverpb.AuthenticateResponse;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** One of the two servers of a run, as its client sees it. Confined to the run's thread. */
final class Peer implements AutoCloseable {
    private static final long CALL_LIMIT_SECONDS = 30;

    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);

    private final String name;
    private final ManagedChannel channel;
    private final LeaseNames leases = new LeaseNames();
    private final Map<String, String> tokens =
            new HashMap<>(Map.of(Call.FORGER, "abcdefghijklmnop.3", Call.MUMBLER, "mumble mumble"));
    private final UnaryOperator<Message> fault;

    /** {@code fault} changes responses, to show that a difference is found; the identity otherwise. */
    Peer(String name, String target, UnaryOperator<Message> fault) {
        this.name = name;
        this.fault = fault;
        this.channel = NettyChannelBuilder.forTarget(target)
                .usePlaintext()
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .build();
    }

    Outcome call(Call call) {
        Message request = leases.toServer(nameless(call));
        Channel as = as(call.speaker());
        List<Message> messages = new ArrayList<>();
        String status = Outcome.OK;
        try {
            if (call.rpc().method().getType() == MethodType.BIDI_STREAMING) {
                messages.add(exchange(as, call.rpc(), request));
            } else {
                Iterator<Message> responses =
                        ClientCalls.blockingServerStreamingCall(as, call.rpc().method(), options(), request);
                while (responses.hasNext()) {
                    messages.add(responses.next());
                }
            }
        } catch (StatusRuntimeException e) {
            Status failure = e.getStatus();
            status = failure.getCode() + ": " + failure.getDescription();
        }
        if (isNameOfServersChoice(call) && !messages.isEmpty()) {
            leases.bind(((LeaseGrantRequest) call.request()).getID(), ((LeaseGrantResponse) messages.get(0)).getID());
        }
        if (call.request() instanceof AuthenticateRequest login && !messages.isEmpty()) {
            tokens.put(login.getName(), ((AuthenticateResponse) messages.get(0)).getToken());
        }
        messages.replaceAll(message -> fault.apply(leases.fromServer(message)));
        return new Outcome(messages, status);
    }

    WatchLane openWatch() {
        return openWatch(Call.NOBODY);
    }

    WatchLane openWatch(String speaker) {
        return new WatchLane(name, as(speaker), response -> fault.apply(leases.fromServer(response)));
    }

    /** Whether the speaker has something to identify with. */
    boolean hasToken(String speaker) {
        return tokens.containsKey(speaker);
    }

    private Channel as(String speaker) {
        String token = tokens.get(speaker);
        if (token == null) {
            return channel;
        }
        Metadata metadata = new Metadata();
        metadata.put(TOKEN, token);
        return ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }

    /** A run names the lease that the server shall choose; on the wire that is id 0. */
    private static Message nameless(Call call) {
        return isNameOfServersChoice(call)
                ? ((LeaseGrantRequest) call.request()).toBuilder().setID(0).build()
                : call.request();
    }

    private static boolean isNameOfServersChoice(Call call) {
        return call.rpc() == Rpc.LEASE_GRANT
                && CallSource.isServersChoice(((LeaseGrantRequest) call.request()).getID());
    }

    private static CallOptions options() {
        return CallOptions.DEFAULT.withDeadlineAfter(CALL_LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    /** One request and one response on a stream of its own. */
    private Message exchange(Channel as, Rpc rpc, Message request) {
        CompletableFuture<Message> answer = new CompletableFuture<>();
        StreamObserver<Message> out =
                ClientCalls.asyncBidiStreamingCall(as.newCall(rpc.method(), options()), new StreamObserver<>() {
                    @Override
                    public void onNext(Message message) {
                        answer.complete(message);
                    }

                    @Override
                    public void onError(Throwable failure) {
                        answer.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {
                        answer.completeExceptionally(new IllegalStateException("ended without an answer"));
                    }
                });
        out.onNext(request);
        try {
            return answer.join();
        } catch (java.util.concurrent.CompletionException e) {
            if (e.getCause() instanceof StatusRuntimeException status) {
                throw status;
            }
            throw e;
        } finally {
            out.onCompleted();
        }
    }
}
