package dev.cairn.server.v2.admin;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.GoJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. A JSON object of a request, read as Go reads it into a structure: names in any case, unknown ones passed over, null as nothing.
 */
final class JsonBody {
    private final Map<?, ?> fields;

    private JsonBody(Map<?, ?> fields) {
        this.fields = fields;
    }

    /**
     * @param type what Go would read it into, for its words
     * @throws ConfigException with Go's words when the text is not one JSON object
     */
    static JsonBody parse(String text, String type) throws ConfigException {
        Object value = GoJson.parse(text);
        if (value == null) {
            return new JsonBody(Map.of());
        }
        if (value instanceof Map<?, ?> fields) {
            return new JsonBody(fields);
        }
        throw mismatch(value, "Go value of type " + type);
    }

    private @Nullable Object value(String name) {
        Object found = null;
        for (Map.Entry<?, ?> field : fields.entrySet()) {
            if (name.equalsIgnoreCase(String.valueOf(field.getKey()))) {
                found = field.getValue();
            }
        }
        return found;
    }

    /** Empty where there is none. */
    String text(String name) throws ConfigException {
        Object value = value(name);
        if (value == null) {
            return "";
        }
        if (value instanceof String text) {
            return text;
        }
        throw mismatch(value, "Go struct field ." + name + " of type string");
    }

    /** Null where there is none. */
    @Nullable
    List<String> texts(String name) throws ConfigException {
        Object value = value(name);
        if (value == null) {
            return null;
        }
        if (!(value instanceof List<?> elements)) {
            throw mismatch(value, "Go struct field ." + name + " of type []string");
        }
        List<String> texts = new ArrayList<>(elements.size());
        for (Object element : elements) {
            if (element != null && !(element instanceof String)) {
                throw mismatch(element, "Go struct field ." + name + " of type string");
            }
            texts.add(element == null ? "" : (String) element);
        }
        return texts;
    }

    /** Null where there is none. */
    @Nullable
    JsonBody object(String name) throws ConfigException {
        Object value = value(name);
        if (value == null) {
            return null;
        }
        if (value instanceof Map<?, ?> inner) {
            return new JsonBody(inner);
        }
        throw mismatch(value, "Go struct field ." + name + " of this type");
    }

    private static ConfigException mismatch(Object value, String into) {
        String kind = value instanceof String
                ? "string"
                : value instanceof Boolean
                        ? "bool"
                        : value instanceof List<?> ? "array" : value instanceof Map<?, ?> ? "object" : "number";
        return new ConfigException("json: cannot unmarshal " + kind + " into " + into);
    }
}
