package dev.cairn.server.v2.admin;

import com.google.protobuf.ByteString;
import dev.cairn.proto.authpb.Permission;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Pure functions between the permissions of a v2 role, patterns of paths to be read or written, and those of a v3 role, types of access to
 * ranges of keys.
 *
 * <p>A path is the key of that name behind the reserved prefix; a pattern that ends in a star is the range of all keys that begin with what is
 * before the star. A v3 permission of another form is none of v2 and is not shown there.
 */
final class PathPermissions {
    private final ByteString prefix;

    /** @param prefix of the keys in which v2 keeps its tree */
    PathPermissions(ByteString prefix) {
        this.prefix = prefix;
    }

    /** What these permissions of v3 allow in v2; without lists where they allow nothing, as etcd shows a role that was just made. */
    PathAccess pathsOf(List<Permission> permissions) {
        TreeSet<String> read = new TreeSet<>();
        TreeSet<String> write = new TreeSet<>();
        for (Permission permission : permissions) {
            String pattern = pattern(permission);
            Permission.Type type = permission.getPermType();
            if (pattern != null && type != Permission.Type.WRITE) {
                read.add(pattern);
            }
            if (pattern != null && type != Permission.Type.READ) {
                write.add(pattern);
            }
        }
        return read.isEmpty() && write.isEmpty()
                ? PathAccess.NONE
                : new PathAccess(List.copyOf(read), List.copyOf(write));
    }

    private @Nullable String pattern(Permission permission) {
        ByteString key = permission.getKey();
        if (!key.startsWith(prefix) || !key.isValidUtf8()) {
            return null;
        }
        String path = key.substring(prefix.size()).toStringUtf8();
        if (permission.getRangeEnd().isEmpty()) {
            return path.endsWith("*") ? null : path;
        }
        return permission.getRangeEnd().equals(endOfPrefix(key)) ? path + "*" : null;
    }

    /** Each pattern with the v3 permission that it stands for. */
    Map<String, Permission> permissionsOf(PathAccess access) {
        Map<String, Permission> permissions = new TreeMap<>();
        access.readList().forEach(pattern -> permissions.put(pattern, permission(pattern, Permission.Type.READ)));
        access.writeList()
                .forEach(pattern -> permissions.merge(
                        pattern,
                        permission(pattern, Permission.Type.WRITE),
                        (read, write) -> permission(
                                pattern,
                                read.getPermType() == Permission.Type.READ
                                        ? Permission.Type.READWRITE
                                        : Permission.Type.WRITE)));
        return permissions;
    }

    private Permission permission(String pattern, Permission.Type type) {
        boolean many = pattern.endsWith("*");
        ByteString key =
                prefix.concat(ByteString.copyFromUtf8(many ? pattern.substring(0, pattern.length() - 1) : pattern));
        return Permission.newBuilder()
                .setPermType(type)
                .setKey(key)
                .setRangeEnd(many ? endOfPrefix(key) : ByteString.EMPTY)
                .build();
    }

    /** The first key behind all that begin with this one; the prefix begins with a byte that can be counted up. */
    private static ByteString endOfPrefix(ByteString key) {
        byte[] end = key.toByteArray();
        for (int i = end.length - 1; i >= 0; i--) {
            if (end[i] != (byte) 0xff) {
                end[i]++;
                return ByteString.copyFrom(end, 0, i + 1);
            }
        }
        return ByteString.copyFrom(new byte[] {0});
    }
}
