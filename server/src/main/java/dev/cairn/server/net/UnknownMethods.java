package dev.cairn.server.net;

import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Immutable. Answers calls of methods that are not served in the words of etcd's RPC library, which its clients look for. */
final class UnknownMethods extends HandlerRegistry {
    private final Set<String> services;

    /** The argument holds the full names of the services that are served. */
    UnknownMethods(Set<String> services) {
        this.services = Set.copyOf(services);
    }

    @Override
    public ServerMethodDefinition<?, ?> lookupMethod(String fullName, @Nullable String authority) {
        int slash = fullName.lastIndexOf('/');
        String service = slash < 0 ? "" : fullName.substring(0, slash);
        String method = fullName.substring(slash + 1);
        String text = slash < 0
                ? "malformed method name: \"/" + fullName + "\""
                : services.contains(service)
                        ? "unknown method " + method + " for service " + service
                        : "unknown service " + service;
        Status status = Status.UNIMPLEMENTED.withDescription(text);
        MethodDescriptor<InputStream, InputStream> descriptor = MethodDescriptor.<InputStream, InputStream>newBuilder()
                .setType(MethodDescriptor.MethodType.UNKNOWN)
                .setFullMethodName(fullName)
                .setRequestMarshaller(new Bytes())
                .setResponseMarshaller(new Bytes())
                .build();
        return ServerMethodDefinition.create(descriptor, (call, headers) -> {
            call.close(status, new Metadata());
            return new ServerCall.Listener<>() {};
        });
    }

    /** Nothing is ever read or written. */
    private static final class Bytes implements MethodDescriptor.Marshaller<InputStream> {
        @Override
        public InputStream stream(InputStream value) {
            return value;
        }

        @Override
        public InputStream parse(InputStream stream) {
            return new ByteArrayInputStream(new byte[0]);
        }
    }
}
