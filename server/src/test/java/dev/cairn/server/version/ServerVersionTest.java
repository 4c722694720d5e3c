package dev.cairn.server.version;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Goal: versions are read as etcd reads them, and ordered by major and minor number alone. */
class ServerVersionTest {
    @ParameterizedTest
    @ValueSource(strings = {"3.6", "3.6.0", "3.6.4", "3.6.0-rc.1", "3.6.0+build", "3.6.0-rc.1+build", "03.06"})
    void shouldReadWhatAnOperatorWrites(String text) {
        assertThat(ServerVersion.parseShort(text)).isEqualTo(new ServerVersion(3, 6));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "3", "v3.6", "3.6.", "3.6.1.2", "3.6-rc", "3.6.0-a_b", "a.b.c", "3..6", "-3.6.0"})
    void shouldRefuseWhatIsNoVersion(String text) {
        assertThat(ServerVersion.parseShort(text)).isNull();
    }

    @Test
    void shouldAllowOnlyTheMinorReleaseBefore() {
        ServerVersion current = new ServerVersion(3, 7);
        assertThat(current.mayDowngradeTo(new ServerVersion(3, 6))).isTrue();
        assertThat(current.mayDowngradeTo(new ServerVersion(3, 5))).isFalse();
        assertThat(current.mayDowngradeTo(current)).isFalse();
        assertThat(current.mayDowngradeTo(new ServerVersion(2, 6))).isFalse();
        assertThat(new ServerVersion(2, 9).isOlderThan(current)).isTrue();
        assertThat(new ServerVersion(3, 10).isOlderThan(current)).isFalse();
    }
}
