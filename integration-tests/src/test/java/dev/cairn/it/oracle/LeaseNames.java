package dev.cairn.it.oracle;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongUnaryOperator;

/**
 * The lease ids that one server chose, under the names by which a run speaks of them. An id that the client chose is its
 * own name. Confined to the run's thread; watch responses are translated there too.
 */
final class LeaseNames {
    private static final Set<String> LEASE_FIELDS = Set.of("lease", "ID");

    private final Map<Long, Long> idByName = new HashMap<>();
    private final Map<Long, Long> nameById = new HashMap<>();

    void bind(long name, long id) {
        idByName.put(name, id);
        nameById.put(id, name);
    }

    Message toServer(Message request) {
        return idByName.isEmpty() ? request : rewrite(request, name -> idByName.getOrDefault(name, name));
    }

    Message fromServer(Message response) {
        return nameById.isEmpty() ? response : rewrite(response, id -> nameById.getOrDefault(id, id));
    }

    private static Message rewrite(Message message, LongUnaryOperator mapping) {
        Message.Builder builder = message.toBuilder();
        for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
            FieldDescriptor field = entry.getKey();
            if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                if (field.isRepeated()) {
                    List<?> values = (List<?>) entry.getValue();
                    for (int i = 0; i < values.size(); i++) {
                        builder.setRepeatedField(field, i, rewrite((Message) values.get(i), mapping));
                    }
                } else {
                    builder.setField(field, rewrite((Message) entry.getValue(), mapping));
                }
            } else if (field.getJavaType() == FieldDescriptor.JavaType.LONG
                    && LEASE_FIELDS.contains(field.getName())) {
                builder.setField(field, mapping.applyAsLong((Long) entry.getValue()));
            }
        }
        return builder.build();
    }
}
