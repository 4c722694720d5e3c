package dev.cairn.it.oracle;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Which fields of which messages were set, in requests and in responses that agreed, and with which errors calls ended.
 * Confined to the run's thread.
 */
final class FieldCensus {
    private final TreeSet<String> seen = new TreeSet<>();

    void note(Message message) {
        for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
            seen.add(entry.getKey().getFullName());
            List<?> values = entry.getValue() instanceof List<?> list ? list : List.of(entry.getValue());
            for (Object value : values) {
                if (value instanceof Message inner) {
                    note(inner);
                }
            }
        }
    }

    /** How a call ended: {@code OK}, or code and text. */
    void noteStatus(String status) {
        seen.add(status);
    }

    void addTo(Collection<String> all) {
        all.addAll(seen);
    }
}
