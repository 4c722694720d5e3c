package dev.cairn.server.backup.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.archive.BackupDirectory.Full;
import dev.cairn.server.backup.archive.BackupDirectory.Segment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: what stays can be restored from, what goes was of no use, and nothing else is touched. */
@Timeout(60)
class RetentionTest {
    @TempDir
    Path top;

    private Scene scene;

    @BeforeEach
    void open() {
        scene = new Scene(top);
    }

    @Test
    void shouldKeepTheNewestAndWhatLeadsOnFromThem() throws IOException {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        scene.directory.prepare();
        Path foreign = Files.createFile(scene.directory.path().resolve("notes"));
        Path foreignToo = Files.createFile(scene.directory.archive().resolve("notes"));
        Path outside = Files.createFile(top.resolve("20200101T000000Z-0000000000000000001.db"));
        List<Long> revisions = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            scene.write(5);
            scene.pass(Duration.ofMinutes(1));
            archive.work();
            revisions.add(scene.full(archive.line()).revision());
            archive.rollSegment();
            Retention.apply(scene.directory, 3, archive.openFile());
            int kept = Math.min(3, revisions.size());
            assertThat(scene.directory.fulls())
                    .extracting(Full::revision)
                    .isEqualTo(revisions.subList(revisions.size() - kept, revisions.size()));
            long first = revisions.get(revisions.size() - kept);
            archive.work();
            for (long revision = first; revision <= scene.store.currentRevision(); revision++) {
                assertThat(scene.restored(revision).at(revision))
                        .as("seed %d revision %d", scene.seed, revision)
                        .isEqualTo(scene.history().at(revision));
            }
            assertThat(scene.directory.segments().size()).isLessThanOrEqualTo(5);
        }
        assertThat(foreign).exists();
        assertThat(foreignToo).exists();
        assertThat(outside).exists();
    }

    @Test
    void shouldKeepASegmentThatIsBeingWritten() throws IOException {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        Path open = archive.openFile();
        for (int i = 0; i < 3; i++) {
            scene.pass(Duration.ofMinutes(1));
            scene.full(archive.line());
        }
        Retention.apply(scene.directory, 1, open);
        assertThat(open).isNotNull().exists();
        assertThat(Retention.apply(scene.directory, 1, null)).isEmpty();
    }

    @Test
    void shouldKeepALineThatHasNoFullBackupYet() throws IOException {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        scene.write(3);
        archive.work();
        for (int i = 0; i < 3; i++) {
            scene.pass(Duration.ofMinutes(1));
            scene.full(archive.line());
        }
        archive.close();
        scene.write(5);
        scene.compact();
        archive.work();
        long line = archive.line().orElseThrow();
        archive.close();
        assertThat(Retention.apply(scene.directory, 1, null)).hasSize(3);
        assertThat(scene.directory.segments()).extracting(Segment::line).containsExactly(line);
        // Nobody has taken a backup of that line, and it is older than all that stays: of no use.
        scene.pass(Duration.ofMinutes(1));
        scene.full(OptionalLong.empty());
        scene.pass(Duration.ofMinutes(1));
        scene.full(OptionalLong.empty());
        Retention.apply(scene.directory, 1, null);
        assertThat(scene.directory.segments()).isEmpty();
    }

    @Test
    void shouldKeepAllForZero() throws IOException {
        for (int i = 0; i < 4; i++) {
            scene.full(OptionalLong.empty());
        }
        assertThat(Retention.apply(scene.directory, 0, null)).isEmpty();
        assertThat(Retention.apply(scene.directory, 4, null)).isEmpty();
        assertThat(scene.directory.fulls()).hasSize(4);
    }
}
