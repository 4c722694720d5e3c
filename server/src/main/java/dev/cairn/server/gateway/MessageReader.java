package dev.cairn.server.gateway;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Message;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * From JSON to messages, by etcd's rules: names of the proto files or their camel-case forms; numbers of 64 bits as numbers or texts;
 * bytes in either base64 alphabet, padded or not; enums by name or number; null leaves a field unset; unknown fields and unknown names of
 * enums are passed over; a field that comes twice is a mistake. What is wrong is said in etcd's words, with line and column: the library's
 * own reader has neither the places nor the rules. Thread-safe.
 */
final class MessageReader {
    /** Messages inside messages that the rest of the way can carry: what was read here is written to the log and read again. */
    private static final int DEPTH_MAX = 90;

    /** Digits of the largest number of 64 bits. */
    private static final int DIGITS_MAX = 20;

    private static final Pattern NUMBER = Pattern.compile(
            "(-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![-+._a-zA-Z0-9]).*", Pattern.DOTALL);
    private static final BigInteger INT_64_MIN = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger INT_64_MAX = BigInteger.valueOf(Long.MAX_VALUE);
    private static final BigInteger INT_32_MIN = BigInteger.valueOf(Integer.MIN_VALUE);
    private static final BigInteger INT_32_MAX = BigInteger.valueOf(Integer.MAX_VALUE);
    private static final BigInteger UINT_64_MAX =
            BigInteger.ONE.shiftLeft(Long.SIZE).subtract(BigInteger.ONE);
    private static final BigInteger UINT_32_MAX =
            BigInteger.ONE.shiftLeft(Integer.SIZE).subtract(BigInteger.ONE);

    private final Map<Descriptor, Map<String, FieldDescriptor>> fieldsByName = new ConcurrentHashMap<>();

    /**
     * Reads one message.
     *
     * @param json one value as {@link JsonValues} gives it out
     */
    @SuppressWarnings("unchecked") // A builder builds what its prototype is.
    <M extends Message> M read(byte[] json, M prototype) throws BadJson {
        Reading reading = new Reading(new JsonTokens(json));
        Message.Builder builder = prototype.newBuilderForType();
        reading.message(builder, 1);
        return (M) builder.build();
    }

    private Map<String, FieldDescriptor> fields(Descriptor message) {
        return fieldsByName.computeIfAbsent(message, type -> {
            Map<String, FieldDescriptor> fields = new HashMap<>();
            type.getFields().forEach(field -> fields.put(field.getName(), field));
            type.getFields().forEach(field -> fields.put(field.getJsonName(), field));
            return fields;
        });
    }

    /** One value on its way. */
    private final class Reading {
        private final JsonTokens tokens;

        Reading(JsonTokens tokens) {
            this.tokens = tokens;
        }

        void message(Message.Builder builder, int depth) throws BadJson {
            if (depth > DEPTH_MAX) {
                throw new BadJson("proto: exceeded max recursion depth");
            }
            if (tokens.read() != JsonTokens.Kind.OBJECT_OPEN) {
                throw unexpectedToken();
            }
            Map<String, FieldDescriptor> fields = fields(builder.getDescriptorForType());
            Set<FieldDescriptor> seen = new HashSet<>();
            Set<OneofDescriptor> chosen = new HashSet<>();
            while (tokens.read() != JsonTokens.Kind.OBJECT_CLOSE) {
                FieldDescriptor field = fields.get(tokens.text());
                if (field == null) {
                    tokens.skipValue();
                    continue;
                }
                if (!seen.add(field)) {
                    throw mistake("duplicate field " + tokens.raw());
                }
                if (tokens.peek() == JsonTokens.Kind.NULL) {
                    tokens.read();
                } else if (field.isRepeated()) {
                    list(builder, field, depth);
                } else {
                    OneofDescriptor oneof = field.getContainingOneof();
                    if (oneof != null && !chosen.add(oneof)) {
                        throw mistake("error parsing " + tokens.raw() + ", oneof "
                                + oneof.getContainingType().getFullName() + "." + oneof.getName() + " is already set");
                    }
                    Object value = value(builder, field, depth);
                    if (value != null) {
                        builder.setField(field, value);
                    }
                }
            }
        }

        private void list(Message.Builder builder, FieldDescriptor field, int depth) throws BadJson {
            if (tokens.read() != JsonTokens.Kind.ARRAY_OPEN) {
                throw unexpectedToken();
            }
            while (tokens.peek() != JsonTokens.Kind.ARRAY_CLOSE) {
                Object value = value(builder, field, depth);
                if (value != null) {
                    builder.addRepeatedField(field, value);
                }
            }
            tokens.read();
        }

        /** Null where the value counts as none. */
        private @Nullable Object value(Message.Builder builder, FieldDescriptor field, int depth) throws BadJson {
            if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                Message.Builder inner = builder.newBuilderForField(field);
                message(inner, depth + 1);
                return inner.build();
            }
            JsonTokens.Kind kind = tokens.read();
            if (field.getJavaType() == FieldDescriptor.JavaType.ENUM && kind == JsonTokens.Kind.TEXT) {
                return field.getEnumType().findValueByName(tokens.text());
            }
            Object value = scalar(field, kind);
            if (value == null) {
                throw mistake("invalid value for " + field.getType().name().toLowerCase(Locale.ROOT) + " field "
                        + field.getJsonName() + ": " + tokens.raw());
            }
            return value;
        }

        private @Nullable Object scalar(FieldDescriptor field, JsonTokens.Kind kind) {
            return switch (field.getType()) {
                case BOOL ->
                    kind == JsonTokens.Kind.TRUE ? Boolean.TRUE : kind == JsonTokens.Kind.FALSE ? Boolean.FALSE : null;
                case STRING -> kind == JsonTokens.Kind.TEXT ? tokens.text() : null;
                case BYTES -> kind == JsonTokens.Kind.TEXT ? bytes(tokens.text()) : null;
                case INT64, SINT64, SFIXED64 -> longOrNull(integer(kind, INT_64_MIN, INT_64_MAX));
                case UINT64, FIXED64 -> longOrNull(integer(kind, BigInteger.ZERO, UINT_64_MAX));
                case INT32, SINT32, SFIXED32 -> intOrNull(integer(kind, INT_32_MIN, INT_32_MAX));
                case UINT32, FIXED32 -> intOrNull(integer(kind, BigInteger.ZERO, UINT_32_MAX));
                case ENUM -> {
                    BigInteger number = kind == JsonTokens.Kind.NUMBER ? integer(kind, INT_32_MIN, INT_32_MAX) : null;
                    yield number == null ? null : enumValue(field, number.intValue());
                }
                default -> throw new IllegalStateException("no message of etcd has a " + field.getType());
            };
        }

        private @Nullable BigInteger integer(JsonTokens.Kind kind, BigInteger least, BigInteger most) {
            BigInteger number = switch (kind) {
                case NUMBER -> parse(tokens.raw());
                case TEXT -> parse(tokens.text());
                default -> null;
            };
            return number == null || number.compareTo(least) < 0 || number.compareTo(most) > 0 ? null : number;
        }

        private BadJson unexpectedToken() {
            return new BadJson("proto: syntax error (" + tokens.lineAndColumn(tokens.position())
                    + "): unexpected token " + tokens.raw());
        }

        private BadJson mistake(String what) {
            return new BadJson("proto: (" + tokens.lineAndColumn(tokens.position()) + "): " + what);
        }
    }

    private static EnumValueDescriptor enumValue(FieldDescriptor field, int number) {
        return field.getEnumType().findValueByNumberCreatingIfUnknown(number);
    }

    private static @Nullable Long longOrNull(@Nullable BigInteger number) {
        return number == null ? null : number.longValue();
    }

    private static @Nullable Integer intOrNull(@Nullable BigInteger number) {
        return number == null ? null : number.intValue();
    }

    /** The whole number that a text begins with; null when it begins with none. Exponents and zero fractions are fine. */
    private static @Nullable BigInteger parse(String text) {
        if (!text.strip().equals(text)) {
            return null;
        }
        Matcher number = NUMBER.matcher(text);
        if (!number.matches()) {
            return null;
        }
        String digits = number.group(1);
        if (digits.length() <= DIGITS_MAX && digits.chars().allMatch(c -> c >= '0' && c <= '9' || c == '-')) {
            return new BigInteger(digits);
        }
        BigDecimal value;
        try {
            value = new BigDecimal(digits);
        } catch (NumberFormatException e) {
            // An exponent beyond all measure.
            return null;
        }
        if (value.signum() == 0) {
            return BigInteger.ZERO;
        }
        // Looked at before the digits are written out, because the exponent is the client's.
        if ((long) value.precision() - value.scale() > DIGITS_MAX) {
            return null;
        }
        BigDecimal shortest = value.stripTrailingZeros();
        return shortest.scale() > 0 ? null : shortest.toBigInteger();
    }

    /** Null when the text is no base64. */
    private static @Nullable ByteString bytes(String text) {
        boolean padded = text.length() % 4 == 0;
        // Line breaks mean nothing inside, but they count when the padding is looked for.
        String clean = text.indexOf('\n') < 0 && text.indexOf('\r') < 0
                ? text
                : text.replace("\n", "").replace("\r", "");
        if (padded ? clean.length() % 4 != 0 : clean.indexOf('=') >= 0) {
            return null;
        }
        boolean forUrls = clean.indexOf('-') >= 0 || clean.indexOf('_') >= 0;
        try {
            return ByteString.copyFrom((forUrls ? Base64.getUrlDecoder() : Base64.getDecoder()).decode(clean));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
