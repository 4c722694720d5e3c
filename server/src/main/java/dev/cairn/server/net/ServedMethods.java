package dev.cairn.server.net;

import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Thread-safe. The methods that a client port serves: looked up here and not in the RPC library's own registry, because the port is
 * bound before there is anything to serve. Calls of methods that are not served are answered in the words of etcd's RPC library,
 * which its clients look for.
 */
final class ServedMethods extends HandlerRegistry {
    private final Supplier<ClientPort.Content> content;
    private volatile @Nullable Table table;

    private record Table(Set<String> services, Map<String, ServerMethodDefinition<?, ?>> methods) {}

    ServedMethods(Supplier<ClientPort.Content> content) {
        this.content = content;
    }

    private Table table() {
        Table known = table;
        if (known == null) {
            known = read(content.get());
            table = known;
        }
        return known;
    }

    private static Table read(ClientPort.Content content) {
        Set<String> services = new HashSet<>();
        Map<String, ServerMethodDefinition<?, ?>> methods = new HashMap<>();
        for (ServerServiceDefinition service : content.services()) {
            services.add(service.getServiceDescriptor().getName());
            for (ServerMethodDefinition<?, ?> method : ServerInterceptors.interceptForward(
                            service, content.interceptors())
                    .getMethods()) {
                methods.put(method.getMethodDescriptor().getFullMethodName(), method);
            }
        }
        return new Table(services, methods);
    }

    /** What reflection tells of. */
    @Override
    public List<ServerServiceDefinition> getServices() {
        return List.copyOf(content.get().services());
    }

    @Override
    public ServerMethodDefinition<?, ?> lookupMethod(String fullName, @Nullable String authority) {
        Table served = table();
        ServerMethodDefinition<?, ?> known = served.methods().get(fullName);
        return known != null ? known : unknown(fullName, served.services());
    }

    private static ServerMethodDefinition<?, ?> unknown(String fullName, Set<String> services) {
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
