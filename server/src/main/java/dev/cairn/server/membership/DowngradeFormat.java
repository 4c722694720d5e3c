package dev.cairn.server.membership;

import com.google.gson.stream.JsonReader;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * The state of a downgrade as the {@code cluster} bucket keeps it: JSON with etcd's keys. A downgrade that has ended has an
 * empty target.
 *
 * <pre>{"target-version":"3.6.0","enabled":true}</pre>
 */
final class DowngradeFormat {
    private DowngradeFormat() {}

    /** @param target null when there is no downgrade */
    static ByteString encode(@Nullable String target) {
        // A version consists of digits and dots: nothing in it needs escaping.
        return ByteString.copyFromUtf8(
                "{\"target-version\":\"" + (target == null ? "" : target) + "\",\"enabled\":" + (target != null) + "}");
    }

    /** The target; null when there is no downgrade. */
    static @Nullable String decode(ByteString json) {
        String target = "";
        boolean enabled = false;
        try (JsonReader in = new JsonReader(new StringReader(json.toStringUtf8()))) {
            in.beginObject();
            while (in.hasNext()) {
                switch (in.nextName()) {
                    case "target-version" -> target = in.nextString();
                    case "enabled" -> enabled = in.nextBoolean();
                    default -> in.skipValue();
                }
            }
            in.endObject();
        } catch (IllegalStateException | IOException e) {
            throw new UncheckedIOException(new IOException("table cluster, key downgrade: " + json.toStringUtf8(), e));
        }
        return enabled ? target : null;
    }
}
