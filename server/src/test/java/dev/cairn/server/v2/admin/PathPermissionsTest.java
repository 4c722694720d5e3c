package dev.cairn.server.v2.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.proto.authpb.Permission;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PathPermissionsTest {
    private final PathPermissions permissions = new PathPermissions(ByteString.copyFromUtf8("p"));

    private static Permission permission(Permission.Type type, String key, String end) {
        return Permission.newBuilder()
                .setPermType(type)
                .setKey(ByteString.copyFromUtf8(key))
                .setRangeEnd(ByteString.copyFromUtf8(end))
                .build();
    }

    @Test
    void shouldBeRangesBehindThePrefix() {
        assertThat(permissions.permissionsOf(
                        new PathAccess(List.of("/a", "/b/*", "/both"), List.of("/both", "/w*", "*"))))
                .containsEntry("/a", permission(Permission.Type.READ, "p/a", ""))
                .containsEntry("/b/*", permission(Permission.Type.READ, "p/b/", "p/b0"))
                .containsEntry("/both", permission(Permission.Type.READWRITE, "p/both", ""))
                .containsEntry("/w*", permission(Permission.Type.WRITE, "p/w", "p/x"))
                .containsEntry("*", permission(Permission.Type.WRITE, "p", "q"))
                .hasSize(5);
    }

    @Test
    void shouldComeBackAsTheyWere() {
        PathAccess access = new PathAccess(List.of("*", "/a", "/b/*"), List.of("/b/*", "/c"));
        assertThat(permissions.pathsOf(
                        new ArrayList<>(permissions.permissionsOf(access).values())))
                .isEqualTo(access);
        assertThat(permissions.pathsOf(List.of())).isEqualTo(PathAccess.NONE);
    }

    @Test
    void shouldPassOverWhatIsNoneOfV2() {
        assertThat(permissions.pathsOf(List.of(
                        permission(Permission.Type.READ, "other", ""),
                        permission(Permission.Type.READ, "p/a", "p/c"),
                        permission(Permission.Type.READ, "p/star*", ""),
                        permission(Permission.Type.READ, "a", "\0"),
                        permission(Permission.Type.WRITE, "p/w", ""))))
                .isEqualTo(new PathAccess(List.of(), List.of("/w")));
    }

    @Test
    void shouldEndWhereNothingBeginsWithThePattern() {
        assertThat(permissions
                        .permissionsOf(new PathAccess(List.of("\u007f*"), null))
                        .values())
                .extracting(Permission::getRangeEnd)
                .containsExactly(ByteString.copyFrom(new byte[] {'p', (byte) 0x80}));
    }
}
