package dev.cairn.server.gateway;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import dev.cairn.server.http.Json;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;

/** Pure functions: from messages and errors to JSON in etcd's form, without blanks between. */
final class MessageWriter {
    private static final JsonFormat.Printer PRINTER =
            JsonFormat.printer().preservingProtoFieldNames().omittingInsignificantWhitespace();

    private MessageWriter() {}

    /** The answer of a call with one. */
    static byte[] answer(MessageOrBuilder message) {
        return bytes(json(message));
    }

    /** One of the answers of a stream, with its line's end. */
    static byte[] line(MessageOrBuilder message) {
        return bytes("{\"result\":" + json(message) + "}\n");
    }

    /** The failure of a call. */
    static byte[] error(Status failure) {
        return bytes(errorText(failure));
    }

    /** The failure of a stream, with its line's end. */
    static byte[] errorLine(Status failure) {
        return bytes("{\"error\":" + errorText(failure) + "}\n");
    }

    private static String errorText(Status failure) {
        String text = failure.getDescription();
        return "{\"code\":" + failure.getCode().value()
                + (text == null || text.isEmpty() ? "" : ",\"message\":" + Json.quote(text)) + "}";
    }

    private static String json(MessageOrBuilder message) {
        try {
            return PRINTER.print(message);
        } catch (InvalidProtocolBufferException e) {
            // It could only be about messages that hold others of any type, and etcd has none.
            throw new IllegalStateException(e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
