package dev.cairn.etcdutl;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.TextFormat;
import dev.cairn.mvcc.EtcdRevision;
import dev.cairn.mvcc.Revision;
import dev.cairn.proto.authpb.Permission;
import dev.cairn.proto.authpb.Role;
import dev.cairn.proto.authpb.User;
import dev.cairn.proto.etcdserverpb.AlarmMember;
import dev.cairn.proto.leasepb.Lease;
import dev.cairn.proto.mvccpb.KeyValue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.stream.Collectors;

/** A record of one of etcd's tables in words. Stateless. */
final class TableRecord {
    private static final Set<String> REVISIONS_IN_META = Set.of("scheduledCompactRev", "finishedCompactRev");

    private TableRecord() {}

    /** What the keys of a table begin with, as they are asked for. */
    static byte[] keyOf(String table, String text) throws CommandException {
        try {
            return switch (table) {
                case "key" ->
                    ByteBuffer.allocate(Long.BYTES)
                            .putLong(Long.parseLong(text))
                            .array();
                case "lease" ->
                    ByteBuffer.allocate(Long.BYTES)
                            .putLong(Long.parseUnsignedLong(text, 16))
                            .array();
                default -> text.getBytes(UTF_8);
            };
        } catch (NumberFormatException e) {
            throw new CommandException(
                    "'" + text + "' is no key of table " + table + ": expected "
                            + (table.equals("key") ? "a revision" : "an ID in hex"),
                    CommandException.FAILURE);
        }
    }

    /** What does not decode is shown as bytes. */
    static Fields fields(String table, ByteString key, ByteString value) {
        try {
            return decoded(table, key, value);
        } catch (IOException e) {
            return new Fields().bytes("key", key).bytes("value", value).text("error", String.valueOf(e.getMessage()));
        }
    }

    private static Fields decoded(String table, ByteString key, ByteString value) throws IOException {
        return switch (table) {
            case "key" -> revision(key, value);
            case "lease" -> {
                Lease lease = Lease.parseFrom(value);
                yield new Fields()
                        .text("id", Long.toHexString(lease.getID()))
                        .number("ttl", lease.getTTL())
                        .number("remaining_ttl", lease.getRemainingTTL());
            }
            case "alarm" -> {
                AlarmMember alarm = AlarmMember.parseFrom(key);
                yield new Fields()
                        .text("member", Long.toHexString(alarm.getMemberID()))
                        .text("alarm", alarm.getAlarm().name());
            }
            case "authUsers" -> {
                User user = User.parseFrom(value);
                yield new Fields()
                        .bytes("name", user.getName())
                        .text("roles", String.join(",", user.getRolesList()))
                        .text("password", user.getPassword().isEmpty() ? "none" : "set");
            }
            case "authRoles" -> {
                Role role = Role.parseFrom(value);
                String permissions = role.getKeyPermissionList().stream()
                        .map(TableRecord::permission)
                        .collect(Collectors.joining(" "));
                yield new Fields().bytes("name", role.getName()).text("permissions", permissions);
            }
            case "meta", "auth" -> setting(key, value);
            case "cluster", "members", "members_removed" ->
                new Fields().text("key", key.toStringUtf8()).text("value", value.toStringUtf8());
            default -> new Fields().bytes("key", key).bytes("value", value);
        };
    }

    private static String permission(Permission permission) {
        return permission.getPermType() + "[" + TextFormat.escapeBytes(permission.getKey())
                + (permission.getRangeEnd().isEmpty() ? "" : ", " + TextFormat.escapeBytes(permission.getRangeEnd()))
                + "]";
    }

    private static Fields setting(ByteString key, ByteString value) {
        String name = key.toStringUtf8();
        Fields fields = new Fields().text("key", name);
        boolean isNumber = name.equals("consistent_index") || name.equals("term") || name.equals("authRevision");
        if (isNumber && value.size() == Long.BYTES || REVISIONS_IN_META.contains(name) && value.size() >= Long.BYTES) {
            return fields.number("value", value.asReadOnlyByteBuffer().getLong());
        }
        boolean isText = name.equals("confState") || name.equals("storageVersion");
        return isText ? fields.text("value", value.toStringUtf8()) : fields.bytes("value", value);
    }

    private static Fields revision(ByteString key, ByteString value) throws IOException {
        EtcdRevision written = EtcdRevision.decode("key", key.toByteArray());
        Revision at = written.revision();
        Fields fields = new Fields().text("revision", at.main() + "." + at.sub());
        if (value.isEmpty()) {
            return fields.flag("nothing_written");
        }
        KeyValue keyValue = KeyValue.parseFrom(value);
        fields.bytes("key", keyValue.getKey());
        if (written.tombstone()) {
            return fields.flag("deleted");
        }
        fields.number("create_revision", keyValue.getCreateRevision()).number("version", keyValue.getVersion());
        if (keyValue.getLease() != 0) {
            fields.text("lease", Long.toHexString(keyValue.getLease()));
        }
        return fields.bytes("value", keyValue.getValue());
    }
}
