package dev.cairn.v2;

import com.google.protobuf.ByteString;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A request to the keys, understood. Immutable.
 *
 * @param path clean, from a slash on; empty for the root
 * @param prevValue empty for any
 * @param prevIndex 0 for any
 * @param prevExist null when it was not said
 * @param waitIndex 0 for what comes next
 * @param ttl seconds as they were given, null without one
 */
public record KeyRequest(
        String method,
        String path,
        ByteString value,
        boolean dir,
        ByteString prevValue,
        long prevIndex,
        @Nullable Boolean prevExist,
        boolean waits,
        long waitIndex,
        boolean recursive,
        boolean sorted,
        boolean quorum,
        boolean stream,
        boolean refresh,
        @Nullable Long ttl,
        boolean noValueOnSuccess) {
    /** What Go takes for a truth value. */
    private static final Map<String, Boolean> BOOLEANS = Map.ofEntries(
            Map.entry("1", true),
            Map.entry("t", true),
            Map.entry("T", true),
            Map.entry("true", true),
            Map.entry("TRUE", true),
            Map.entry("True", true),
            Map.entry("0", false),
            Map.entry("f", false),
            Map.entry("F", false),
            Map.entry("false", false),
            Map.entry("FALSE", false),
            Map.entry("False", false));

    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,100}");

    /** Parameters are looked at in etcd's order: the first that is wrong is named. */
    static KeyRequest parse(String method, String path, Form form) throws Refusal {
        long prevIndex = index(form, "prevIndex");
        long waitIndex = index(form, "waitIndex");
        boolean recursive = flag(form, "recursive");
        boolean sorted = flag(form, "sorted");
        boolean wait = flag(form, "wait");
        boolean dir = flag(form, "dir");
        boolean quorum = flag(form, "quorum");
        boolean stream = flag(form, "stream");
        if (wait && !method.equals("GET")) {
            throw new Refusal(ErrorCode.INVALID_FIELD, "\"wait\" can only be used with GET requests");
        }
        ByteString prevValue = form.bytes("prevValue");
        if (form.has("prevValue") && prevValue.isEmpty()) {
            throw new Refusal(ErrorCode.PREV_VALUE_REQUIRED, "\"prevValue\" cannot be empty");
        }
        boolean noValueOnSuccess = flag(form, "noValueOnSuccess");
        Long ttl = null;
        if (!form.bytes("ttl").isEmpty()) {
            ttl = number(form, "ttl", ErrorCode.TTL_NOT_A_NUMBER);
        }
        Boolean prevExist = form.has("prevExist") ? bool(form, "prevExist", "invalid value for prevExist") : null;
        boolean refresh = form.has("refresh") && bool(form, "refresh", "invalid value for refresh");
        if (refresh && !form.bytes("value").isEmpty()) {
            throw new Refusal(ErrorCode.REFRESH_VALUE, "A value was provided on a refresh");
        }
        if (refresh && ttl == null) {
            throw new Refusal(ErrorCode.REFRESH_TTL_REQUIRED, "No TTL value set");
        }
        return new KeyRequest(
                method,
                Paths.clean(path),
                form.bytes("value"),
                dir,
                prevValue,
                prevIndex,
                prevExist,
                wait,
                waitIndex,
                recursive,
                sorted,
                quorum,
                stream,
                refresh,
                ttl,
                noValueOnSuccess);
    }

    private static long index(Form form, String name) throws Refusal {
        return form.has(name) ? number(form, name, ErrorCode.INDEX_NOT_A_NUMBER) : 0;
    }

    private static long number(Form form, String name, ErrorCode otherwise) throws Refusal {
        String text = form.text(name);
        try {
            // Signs are not numbers to Go, nor are the digits of other scripts.
            if (DIGITS.matcher(text).matches()) {
                return Long.parseUnsignedLong(text);
            }
        } catch (NumberFormatException e) {
            // Larger than 64 bits.
        }
        throw new Refusal(otherwise, "invalid value for \"" + name + "\"");
    }

    private static boolean flag(Form form, String name) throws Refusal {
        return form.has(name) && bool(form, name, "invalid value for \"" + name + "\"");
    }

    private static boolean bool(Form form, String name, String otherwise) throws Refusal {
        Boolean value = BOOLEANS.get(form.text(name));
        if (value == null) {
            throw new Refusal(ErrorCode.INVALID_FIELD, otherwise);
        }
        return value;
    }

    /** What a request is after, whatever comes of it. */
    public enum Intent {
        GET,
        SET,
        CREATE,
        UPDATE,
        DELETE,
        COMPARE_AND_SWAP,
        COMPARE_AND_DELETE
    }

    public Intent intent() {
        if (method.equals("POST")) {
            return Intent.CREATE;
        }
        if (method.equals("DELETE")) {
            return compares() ? Intent.COMPARE_AND_DELETE : Intent.DELETE;
        }
        if (!method.equals("PUT")) {
            return Intent.GET;
        }
        if (prevExist != null && !prevExist) {
            return Intent.CREATE;
        }
        if (compares()) {
            return Intent.COMPARE_AND_SWAP;
        }
        return prevExist != null ? Intent.UPDATE : Intent.SET;
    }

    boolean compares() {
        return prevIndex != 0 || !prevValue.isEmpty();
    }

    /** Whether it changes anything. */
    public boolean writes() {
        return method.equals("PUT") || method.equals("POST") || method.equals("DELETE");
    }
}
