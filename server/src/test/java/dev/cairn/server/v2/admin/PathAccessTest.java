package dev.cairn.server.v2.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.config.ConfigException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathAccessTest {
    private final PathAccess access = new PathAccess(List.of("/a", "/b/*"), List.of("/b/*", "/c*"));

    @ParameterizedTest
    @CsvSource({
        "/a, false, false, true",
        "/a, false, true, false",
        "/a, true, false, false",
        "/a/x, false, false, false",
        "/b, false, false, false",
        "/b/, false, true, true",
        "/b/x/y, false, true, true",
        "/b/x, true, false, true",
        "/cx, true, true, true",
        "/cx, false, false, false",
        "/, false, true, false",
    })
    void shouldAllowWhatAPatternFits(String path, boolean write, boolean recursive, boolean allowed) {
        assertThat(access.allows(path, write, recursive)).isEqualTo(allowed);
    }

    @Test
    void shouldGrantWhatIsNew() {
        PathAccess.Changed changed = access.grant(new PathAccess(List.of("/0"), null));
        assertThat(changed.refusal()).isNull();
        assertThat(changed.access()).isEqualTo(new PathAccess(List.of("/0", "/a", "/b/*"), List.of("/b/*", "/c*")));
        assertThat(access.grant(new PathAccess(List.of("/0"), List.of("/c*"))).refusal())
                .isEqualTo(AuthRefusal.conflict("Granting duplicate write permission /c*"));
        assertThat(access.grant(new PathAccess(List.of("/z", "/z"), null)).refusal())
                .isEqualTo(AuthRefusal.conflict("Granting duplicate read permission /z"));
    }

    @Test
    void shouldRevokeWhatIsThere() {
        assertThat(access.revoke(new PathAccess(List.of("/a", "/none"), List.of("/b/*"))))
                .isEqualTo(new PathAccess(List.of("/b/*"), List.of("/c*")));
    }

    @Test
    void shouldTellNothingFromAnEmptyList() throws ConfigException {
        assertThat(PathAccess.decode(JsonBody.parse("{\"kv\":{\"read\":[],\"Write\":null}}", ""))
                        .json())
                .isEqualTo("{\"kv\":{\"read\":[],\"write\":null}}");
        assertThat(PathAccess.decode(null).json()).isEqualTo("{\"kv\":{\"read\":null,\"write\":null}}");
    }
}
