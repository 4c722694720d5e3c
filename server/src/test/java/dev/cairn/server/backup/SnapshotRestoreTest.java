package dev.cairn.server.backup;

import static dev.cairn.server.backup.MemoryTables.number;
import static dev.cairn.server.backup.MemoryTables.revision;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.membership.Member;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class SnapshotRestoreTest {
    private static final Member ONE = new Member(0x11, List.of("http://one:1"), false, "one", List.of());
    private static final Member TWO = new Member(0x22, List.of("http://two:2"), false, "two", List.of());
    private static final String CONF_STATE = "confState={\"voters\":[17,34],\"auto_leave\":false}";

    private static MemoryTables restored(MemoryTables content, long bump) throws IOException {
        return MemoryTables.of(new SnapshotRestore(List.of(ONE, TWO), 2, 1, bump).restored(content));
    }

    private static MemoryTables database() {
        return new MemoryTables()
                .with("alarm", "alarm", "")
                .with("auth", "authEnabled", "\1")
                .with("cluster", "clusterVersion", "3.7.0")
                .with("key", revision(7, 0), "seven")
                .with("key", revision(9, 1) + "t", "nine")
                .with("lease", "lease", "ttl")
                .with("members", "11", "an older one")
                .with("members", "99", "another")
                .with("members_removed", "77", "removed")
                .with("meta", "confState", "old")
                .with("meta", "consistent_index", number(800))
                .with("meta", "finishedCompactRev", revision(3, 0))
                .with("meta", "storageVersion", "3.7.0")
                .with("meta", "term", number(9));
    }

    @Test
    void shouldReplaceWhatTellsOfTheCluster() throws Exception {
        MemoryTables result = restored(database(), 0);
        assertThat(result.pairs("members"))
                .containsExactly(
                        "11={\"id\":17,\"peerURLs\":[\"http://one:1\"],\"name\":\"one\"}",
                        "22={\"id\":34,\"peerURLs\":[\"http://two:2\"],\"name\":\"two\"}");
        assertThat(result.pairs("members_removed")).isEmpty();
        assertThat(result.pairs("meta"))
                .containsExactly(
                        CONF_STATE,
                        "consistent_index=" + number(2),
                        "finishedCompactRev=" + revision(3, 0),
                        "storageVersion=3.7.0",
                        "term=" + number(1));
    }

    @Test
    void shouldKeepEverythingElse() throws Exception {
        MemoryTables before = database();
        MemoryTables result = restored(before, 0);
        for (String bucket : List.of("alarm", "auth", "cluster", "key", "lease")) {
            assertThat(result.pairs(bucket)).isEqualTo(before.pairs(bucket)).isNotEmpty();
        }
        assertThat(result.names()).isEqualTo(before.names());
    }

    @Test
    void shouldBumpTheNewestRevisionAndMarkItCompacted() throws Exception {
        MemoryTables result = restored(database(), 1000);
        assertThat(result.pairs("key"))
                .containsExactly(revision(7, 0) + "=seven", revision(9, 1) + "t=nine", revision(1009, 0) + "=");
        assertThat(result.pairs("meta"))
                .contains("scheduledCompactRev=" + revision(1009, 0), "finishedCompactRev=" + revision(3, 0));
    }

    @Test
    void shouldReplaceAnOlderMark() throws Exception {
        MemoryTables result = restored(database().with("meta", "scheduledCompactRev", revision(5, 0)), 10);
        assertThat(result.pairs("meta"))
                .contains("scheduledCompactRev=" + revision(19, 0))
                .doesNotContain("scheduledCompactRev=" + revision(5, 0));
        assertThat(restored(database().with("meta", "scheduledCompactRev", revision(5, 0)), 0)
                        .pairs("meta"))
                .contains("scheduledCompactRev=" + revision(5, 0));
    }

    /** As older releases leave them. */
    @Test
    void shouldAddTheBucketsThatAreMissing() throws Exception {
        MemoryTables result = restored(new MemoryTables().with("lease", "lease", "ttl"), 5);
        assertThat(result.names()).containsExactly("key", "lease", "members", "members_removed", "meta");
        assertThat(result.pairs("key")).containsExactly(revision(5, 0) + "=");
        assertThat(result.pairs("members")).hasSize(2);
        assertThat(result.pairs("meta")).hasSize(4).contains("scheduledCompactRev=" + revision(5, 0));
    }

    @Test
    void shouldRefuseWhatIsNoRevision() {
        for (String key : List.of("short", "x".repeat(17), "x".repeat(19), revision(-1, 0), "")) {
            assertThatThrownBy(() -> restored(new MemoryTables().with("key", key, "value"), 0))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("is no revision");
        }
    }

    @Test
    void shouldRefuseToLeaveTheRangeOfRevisions() {
        assertThatThrownBy(() -> restored(database(), Long.MAX_VALUE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot grow by");
        assertThatThrownBy(() -> new SnapshotRestore(List.of(), 0, 1, -1)).isInstanceOf(IllegalArgumentException.class);
    }
}
