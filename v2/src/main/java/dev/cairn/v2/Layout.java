package dev.cairn.v2;

import com.google.protobuf.ByteString;
import java.util.Locale;

/**
 * How v2's nodes lie in v3's keys, all below {@link #PREFIX}.
 *
 * <pre>
 *   keys/a/b            the file /a/b: its value
 *   keys/a/             the directory /a: a marker without a value
 *   facts/a/b           what v3 does not know of the file: its creation where a set has replaced it, its expiration
 *   facts/a/            the same of the directory
 *   expiring/TIME/a     a directory that ends at a time, in nanoseconds; here it is found when its lease has taken the marker away
 *   action              what the last write was, in each revision: from it events are told
 * </pre>
 *
 * A node is there only if the markers of all directories above it are: so a directory whose lease has ended takes all that is in it with it
 * at once, whenever the rest is removed.
 */
public final class Layout {
    /** Everything of v2. */
    public static final String PREFIX = "/_cairn/v2/";

    private static final String KEYS = PREFIX + "keys";
    private static final String FACTS = PREFIX + "facts";
    private static final String EXPIRING = PREFIX + "expiring/";

    static final ByteString ACTION = ByteString.copyFromUtf8(PREFIX + "action");

    private Layout() {}

    /** The key of a file. */
    public static ByteString file(String path) {
        return ByteString.copyFromUtf8(KEYS + path);
    }

    /** The marker of a directory, with which the range of all that is in it begins. */
    public static ByteString directory(String path) {
        return ByteString.copyFromUtf8(KEYS + path + "/");
    }

    /** Behind all that is in a directory. */
    public static ByteString directoryEnd(String path) {
        // The character behind the slash.
        return ByteString.copyFromUtf8(KEYS + path + "0");
    }

    static ByteString facts(String path, boolean dir) {
        return ByteString.copyFromUtf8(FACTS + path + (dir ? "/" : ""));
    }

    static ByteString factsEnd(String path) {
        return ByteString.copyFromUtf8(FACTS + path + "0");
    }

    /** Where the ends of directories are noted: the first key that may be there. */
    public static ByteString expiringBegin() {
        return expiringFrom(0);
    }

    /** Behind the last of them. */
    public static ByteString expiringEnd() {
        return expiringFrom(Long.MAX_VALUE);
    }

    static ByteString expiring(String path, long atNanos) {
        return ByteString.copyFromUtf8(EXPIRING + time(atNanos) + path);
    }

    /** The first key of a directory that ends at the time or later. */
    static ByteString expiringFrom(long atNanos) {
        return ByteString.copyFromUtf8(EXPIRING + time(atNanos));
    }

    private static String time(long nanos) {
        return String.format(Locale.ROOT, "%020d", Math.max(0, nanos));
    }

    /** The directory that an entry of those that end is about. */
    static String pathOfExpiring(ByteString key) {
        return key.toStringUtf8().substring(EXPIRING.length() + 20);
    }

    static long timeOfExpiring(ByteString key) {
        return Long.parseLong(key.toStringUtf8().substring(EXPIRING.length(), EXPIRING.length() + 20));
    }

    /** Behind {@code keys}: the path of a file, or that of a directory with a slash at its end. */
    static String pathOfKey(ByteString key) {
        return key.toStringUtf8().substring(KEYS.length());
    }

    /** The same of a key of facts. */
    static String pathOfFacts(ByteString key) {
        return key.toStringUtf8().substring(FACTS.length());
    }

    /** Right behind a key. */
    static ByteString after(ByteString key) {
        return key.concat(ByteString.copyFrom(new byte[] {0}));
    }
}
