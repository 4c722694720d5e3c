package dev.cairn.v2;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Pure functions: events and nodes in JSON, field by field in etcd's order, empty ones left out. */
final class EventJson {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private EventJson() {}

    /** An event with its line end, as it is answered and streamed. */
    static String event(String action, @Nullable Node node, @Nullable Node prevNode, long nowNanos) {
        StringBuilder json = new StringBuilder("{\"action\":").append(JsonText.quote(action));
        if (node != null) {
            json.append(",\"node\":");
            node(node, nowNanos, json);
        }
        if (prevNode != null) {
            json.append(",\"prevNode\":");
            node(prevNode, nowNanos, json);
        }
        return json.append("}\n").toString();
    }

    private static void node(Node node, long nowNanos, StringBuilder json) {
        json.append('{');
        int begin = json.length();
        if (!node.path().isEmpty()) {
            json.append(",\"key\":");
            JsonText.quote(node.path(), json);
        }
        ByteString value = node.value();
        if (node.dir()) {
            json.append(",\"dir\":true");
        } else if (value != null) {
            json.append(",\"value\":");
            JsonText.quote(value.toStringUtf8(), json);
        }
        if (node.expiration() != 0) {
            json.append(",\"expiration\":\"").append(time(node.expiration())).append('"');
            number(",\"ttl\":", ttl(node.expiration(), nowNanos), json);
        }
        if (!node.children().isEmpty()) {
            String divider = ",\"nodes\":[";
            for (Node child : node.children()) {
                json.append(divider);
                node(child, nowNanos, json);
                divider = ",";
            }
            json.append(']');
        }
        number(",\"modifiedIndex\":", node.modified(), json);
        number(",\"createdIndex\":", node.created(), json);
        if (json.length() > begin) {
            json.deleteCharAt(begin);
        }
        json.append('}');
    }

    private static void number(String name, long value, StringBuilder json) {
        if (value != 0) {
            json.append(name).append(value);
        }
    }

    /** Seconds that are left, rounded up. */
    static long ttl(long expiration, long nowNanos) {
        long left = expiration - nowNanos;
        return left / SECOND + (left % SECOND > 0 ? 1 : 0);
    }

    /** With as many digits behind the seconds as it takes. */
    private static String time(long nanos) {
        long seconds = Math.floorDiv(nanos, SECOND);
        String whole = DateTimeFormatter.ISO_INSTANT.format(Instant.ofEpochSecond(seconds));
        long fraction = Math.floorMod(nanos, SECOND);
        if (fraction == 0) {
            return whole;
        }
        String digits = Long.toString(SECOND + fraction).substring(1);
        int end = digits.length();
        while (digits.charAt(end - 1) == '0') {
            end--;
        }
        return whole.substring(0, whole.length() - 1) + "." + digits.substring(0, end) + "Z";
    }
}
