package dev.cairn.etcdutl;

import com.google.protobuf.ByteString;
import com.google.protobuf.TextFormat;
import dev.cairn.server.http.Json;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** One record as it is shown: names with numbers, texts or bytes. Confined to one thread. */
final class Fields {
    /** So much of a value is shown in a line; JSON has all of it. */
    private static final int SHOWN_BYTES = 200;

    private final List<String> line = new ArrayList<>();
    private final List<String> json = new ArrayList<>();

    Fields number(String name, long value) {
        line.add(name + ":" + value);
        json.add(Json.quote(name) + ":" + value);
        return this;
    }

    Fields text(String name, String value) {
        line.add(name + ":" + value);
        json.add(Json.quote(name) + ":" + Json.quote(value));
        return this;
    }

    Fields flag(String name) {
        line.add(name);
        json.add(Json.quote(name) + ":true");
        return this;
    }

    /** Escaped in a line, in base 64 in JSON, as etcd's tools have it. */
    Fields bytes(String name, ByteString value) {
        boolean whole = value.size() <= SHOWN_BYTES;
        ByteString start = whole ? value : value.substring(0, SHOWN_BYTES);
        line.add(name + ":\"" + TextFormat.escapeBytes(start) + "\""
                + (whole ? "" : "... (" + value.size() + " bytes)"));
        json.add(Json.quote(name) + ":\"" + Base64.getEncoder().encodeToString(value.toByteArray()) + "\"");
        return this;
    }

    String shown(Output output) {
        return output == Output.JSON ? "{" + String.join(",", json) + "}" : String.join(" ", line);
    }

    /** The forms that a dump has. */
    static Output checked(Output output) throws CommandException {
        if (output != Output.SIMPLE && output != Output.JSON) {
            throw new CommandException("unsupported output format", CommandException.BAD_FEATURE);
        }
        return output;
    }
}
