package dev.cairn.server.v2.admin;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.http.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. What a v2 role allows: patterns of paths, exact or with a star at the end.
 *
 * @param read null where none was ever given, which etcd shows as such
 * @param write as read
 */
record PathAccess(@Nullable List<String> read, @Nullable List<String> write) {
    static final PathAccess NONE = new PathAccess(null, null);
    static final PathAccess EVERYTHING = new PathAccess(List.of("/*"), List.of("/*"));

    /** What a change of access comes to, or why there is none. */
    record Changed(PathAccess access, @Nullable AuthRefusal refusal) {}

    /** @param permissions {@code {"kv":{"read":[..],"write":[..]}}}; null for none */
    static PathAccess decode(@Nullable JsonBody permissions) throws ConfigException {
        JsonBody kv = permissions == null ? null : permissions.object("kv");
        return kv == null ? NONE : new PathAccess(kv.texts("read"), kv.texts("write"));
    }

    boolean isEmpty() {
        return readList().isEmpty() && writeList().isEmpty();
    }

    List<String> readList() {
        return read == null ? List.of() : read;
    }

    List<String> writeList() {
        return write == null ? List.of() : write;
    }

    /** Whether a path, or with {@code recursive} everything whose name begins with it, may be touched. */
    boolean allows(String path, boolean toWrite, boolean recursive) {
        return (toWrite ? writeList() : readList())
                .stream()
                        .anyMatch(pattern -> pattern.endsWith("*")
                                ? path.startsWith(pattern.substring(0, pattern.length() - 1))
                                : !recursive && path.equals(pattern));
    }

    Changed grant(PathAccess more) {
        for (String pattern : more.readList()) {
            if (readList().contains(pattern) || occursTwice(more.readList(), pattern)) {
                return refused("read", pattern);
            }
        }
        for (String pattern : more.writeList()) {
            if (writeList().contains(pattern) || occursTwice(more.writeList(), pattern)) {
                return refused("write", pattern);
            }
        }
        return new Changed(
                new PathAccess(union(readList(), more.readList()), union(writeList(), more.writeList())), null);
    }

    private static boolean occursTwice(List<String> patterns, String pattern) {
        return patterns.indexOf(pattern) != patterns.lastIndexOf(pattern);
    }

    private Changed refused(String way, String pattern) {
        return new Changed(this, AuthRefusal.conflict("Granting duplicate " + way + " permission " + pattern));
    }

    /** What was never granted is passed over. */
    PathAccess revoke(PathAccess less) {
        return new PathAccess(difference(readList(), less.readList()), difference(writeList(), less.writeList()));
    }

    private static List<String> union(List<String> some, List<String> more) {
        TreeSet<String> all = new TreeSet<>(some);
        all.addAll(more);
        return List.copyOf(all);
    }

    private static List<String> difference(List<String> some, List<String> less) {
        List<String> left = new ArrayList<>(new TreeSet<>(some));
        left.removeAll(less);
        return List.copyOf(left);
    }

    String json() {
        return "{\"kv\":{\"read\":" + json(read) + ",\"write\":" + json(write) + "}}";
    }

    static String json(@Nullable List<String> texts) {
        return texts == null ? "null" : texts.stream().map(Json::quote).collect(Collectors.joining(",", "[", "]"));
    }
}
