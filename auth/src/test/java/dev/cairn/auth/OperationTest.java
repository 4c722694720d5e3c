package dev.cairn.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The table is complete: a new RPC or kind of log entry cannot go unjudged by having been forgotten. */
class OperationTest {
    @Test
    void shouldHaveRowForEachRpc() {
        Set<Operation> seen = EnumSet.noneOf(Operation.class);
        for (ServiceDescriptor service : PutRequest.getDescriptor().getFile().getServices()) {
            for (MethodDescriptor method : service.getMethods()) {
                String name = service.getFullName() + "/" + method.getName();
                Operation operation = Operation.ofRpc(name);
                assertThat(operation).as(name).isNotNull();
                if (operation != null) {
                    assertThat(seen.add(operation))
                            .as("%s has a row of its own", name)
                            .isTrue();
                }
            }
        }
        // Nothing but what members propose by themselves is left.
        assertThat(EnumSet.complementOf(EnumSet.copyOf(seen)))
                .containsExactly(
                        Operation.LEASE_CHECKPOINT,
                        Operation.CLUSTER_VERSION_SET,
                        Operation.CLUSTER_MEMBER_ATTRIBUTES_SET,
                        Operation.DOWNGRADE_INFO_SET,
                        Operation.DOWNGRADE_VERSION_TEST);
        assertThat(Operation.ofRpc("v3lockpb.Lock/Lock")).isNull();
    }

    @Test
    void shouldHaveRowForEachKindOfLogEntry() {
        Set<Operation> seen = EnumSet.noneOf(Operation.class);
        for (FieldDescriptor field : InternalRaftRequest.getDescriptor().getFields()) {
            if (field.getName().equals("header") || field.getName().equals("ID")) {
                continue;
            }
            InternalRaftRequest.Builder entry = InternalRaftRequest.newBuilder();
            entry.setField(field, entry.newBuilderForField(field).build());
            Operation operation = Operation.of(entry.build());
            assertThat(operation).as(field.getName()).isNotNull();
            if (operation != null) {
                assertThat(seen.add(operation)).as(field.getName()).isTrue();
                // The table and the entry agree in their names.
                String plain =
                        field.getName().replaceFirst("^auth_(?=user|role)", "").replace("_", "");
                assertThat(operation.name().toLowerCase(java.util.Locale.ROOT).replace("_", ""))
                        .startsWith(plain.substring(0, Math.min(plain.length(), 7)));
            }
        }
        assertThat(Operation.of(InternalRaftRequest.getDefaultInstance())).isNull();
    }
}
