package dev.cairn.server.backup.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.archive.BackupDirectory.Full;
import dev.cairn.server.config.BackupSettings;
import dev.cairn.server.membership.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: one member works, at its times, and nothing that is wrong with a directory stops it. Method: all threads are this one, time is set by hand. */
@Timeout(60)
class ScheduledBackupsTest {
    @TempDir
    Path top;

    private Scene scene;

    /** Whom the cluster follows. */
    private long leader = 1;

    @BeforeEach
    void open() {
        scene = new Scene(top);
    }

    /** Runs everything at once. */
    private static final class Here extends AbstractExecutorService {
        private boolean shut;

        @Override
        public void execute(Runnable command) {
            command.run();
        }

        @Override
        public void shutdown() {
            shut = true;
        }

        @Override
        public List<Runnable> shutdownNow() {
            shut = true;
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return shut;
        }

        @Override
        public boolean isTerminated() {
            return shut;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    }

    private ScheduledBackups member(long id, Path directory, boolean archive) {
        return new ScheduledBackups(
                new BackupSettings(directory, Duration.ofHours(1), 3, 0, archive),
                scene.store,
                new Identity(Scene.CLUSTER, id),
                () -> leader == id,
                scene.random::nextLong,
                new Here(),
                new Here(),
                scene.clock,
                scene::nanos,
                scene.metrics);
    }

    private void pass(Duration time, ScheduledBackups... members) {
        for (long seconds = 0; seconds < time.toSeconds(); seconds += 10) {
            scene.pass(Duration.ofSeconds(10));
            for (ScheduledBackups each : members) {
                each.doWork(scene.nanos());
            }
        }
    }

    @Test
    void shouldNeitherLoseNorDoubleOneWhenLeadersChange() throws IOException {
        ScheduledBackups[] members = {member(1, top, true), member(2, top, true), member(3, top, true)};
        pass(Duration.ofMinutes(5), members);
        assertThat(scene.metrics.taken.value()).isEqualTo(1);
        for (int i = 0; i < 120; i++) {
            scene.write(1);
            leader = 1 + scene.random.nextInt(3);
            pass(Duration.ofMinutes(2), members);
        }
        // 245 minutes: one at the start, four at the hours.
        assertThat(scene.metrics.taken.value()).as("seed %d", scene.seed).isEqualTo(5);
        assertThat(scene.metrics.archiveGaps.value()).isZero();
        assertThat(scene.directory.fulls()).hasSize(3);
        long first = scene.directory.fulls().get(0).revision();
        for (long revision = first; revision <= scene.store.currentRevision(); revision++) {
            assertThat(scene.restored(revision).at(revision))
                    .isEqualTo(scene.history().at(revision));
        }
    }

    @Test
    void shouldRestWhileAnotherLeads() throws IOException {
        leader = 2;
        ScheduledBackups one = member(1, top, true);
        pass(Duration.ofMinutes(5), one);
        assertThat(top).isEmptyDirectory();
        leader = 1;
        pass(Duration.ofMinutes(1), one);
        assertThat(scene.directory.fulls()).hasSize(1);
        one.close();
        pass(Duration.ofHours(3), one);
        assertThat(scene.directory.fulls()).hasSize(1);
    }

    @Test
    void shouldTakeItsOwnWhereDirectoriesAreSeparate() throws IOException {
        Path first = Files.createDirectory(top.resolve("1"));
        Path second = Files.createDirectory(top.resolve("2"));
        ScheduledBackups one = member(1, first, false);
        ScheduledBackups two = member(2, second, false);
        pass(Duration.ofMinutes(30), one, two);
        leader = 2;
        pass(Duration.ofMinutes(20), one, two);
        assertThat(scene.metrics.taken.value()).isEqualTo(2);
        leader = 1;
        pass(Duration.ofMinutes(9), one, two);
        assertThat(scene.metrics.taken.value()).isEqualTo(2);
        pass(Duration.ofMinutes(2), one, two);
        assertThat(scene.metrics.taken.value()).isEqualTo(3);
        one.close();
        two.close();
    }

    @Test
    void shouldGoOnWhenTheDirectoryCanBeWrittenAgain() throws IOException {
        Path mount = top.resolve("mount");
        ScheduledBackups one = member(1, mount, false);
        pass(Duration.ofMinutes(3), one);
        assertThat(scene.metrics.fullFailing.value()).isEqualTo(1);
        // Once a minute, not once a second.
        assertThat(scene.metrics.fullFailures.value()).isBetween(3L, 4L);
        assertThat(scene.metrics.taken.value()).isZero();
        Files.createDirectory(mount);
        pass(Duration.ofMinutes(2), one);
        assertThat(scene.metrics.fullFailing.value()).isZero();
        assertThat(scene.metrics.taken.value()).isEqualTo(1);
        one.close();
    }

    @Test
    void shouldLeaveNothingHalfMadeBehind() throws IOException {
        scene.write(50);
        // In the place of the file that is written aside stands something that cannot be written.
        scene.directory.prepare();
        Path part = Files.createDirectory(scene.directory.part(1));
        ScheduledBackups one = member(1, top, false);
        pass(Duration.ofSeconds(10), one);
        assertThat(scene.metrics.fullFailures.value()).isEqualTo(1);
        Files.deleteIfExists(part);
        pass(Duration.ofMinutes(2), one);
        assertThat(scene.directory.fulls()).hasSize(1);
        assertThat(part).doesNotExist();
        Full full = scene.directory.fulls().get(0);
        assertThat(full.revision()).isEqualTo(scene.store.currentRevision());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(full.file())))
                .isEqualTo("rw-------");
        one.close();
    }

    @Test
    void shouldEndAFullBackupThatIsNotWantedAnyMore() throws IOException {
        scene.write(200);
        RateLimit slow =
                new RateLimit(1, scene::nanos, wait -> scene.pass(Duration.ofNanos(wait)), () -> scene.nanos() == 0);
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> FullBackup.take(
                        scene.store, scene.directory, 1, java.util.OptionalLong.empty(), slow, scene.clock))
                .isInstanceOf(java.util.concurrent.CancellationException.class);
        assertThat(scene.directory.fulls()).isEmpty();
        assertThat(scene.directory.part(1)).doesNotExist();
    }
}
