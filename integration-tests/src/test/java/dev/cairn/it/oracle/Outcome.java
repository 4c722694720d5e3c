package dev.cairn.it.oracle;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What a call brought: the messages that came, and the status that ended it ({@code OK}, or code and text). Immutable.
 */
record Outcome(List<Message> messages, String status) {
    static final String OK = "OK";

    Outcome {
        messages = List.copyOf(messages);
    }

    boolean succeeded() {
        return status.equals(OK);
    }

    @Override
    public String toString() {
        String text = messages.stream()
                .map(message -> TextFormat.printer().emittingSingleLine(true).printToString(message))
                .collect(Collectors.joining("} {", "{", "}"));
        return status + " " + Call.shorten(text);
    }
}
