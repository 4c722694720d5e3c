package dev.cairn.server.rpc;

import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import java.util.List;

/** Service descriptors in which some methods have marshallers of their own. */
final class Definitions {
    private Definitions() {}

    /** The generated descriptor with the given methods in place of those of the same name. */
    static ServiceDescriptor describe(ServiceDescriptor generated, MethodDescriptor<?, ?>... own) {
        ServiceDescriptor.Builder service =
                ServiceDescriptor.newBuilder(generated.getName()).setSchemaDescriptor(generated.getSchemaDescriptor());
        List<MethodDescriptor<?, ?>> replacements = List.of(own);
        for (MethodDescriptor<?, ?> method : generated.getMethods()) {
            service.addMethod(replacements.stream()
                    .filter(r -> r.getFullMethodName().equals(method.getFullMethodName()))
                    .findFirst()
                    .orElse(method));
        }
        return service.build();
    }
}
