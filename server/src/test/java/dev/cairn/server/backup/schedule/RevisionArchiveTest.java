package dev.cairn.server.backup.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.server.backup.archive.ArchiveException;
import dev.cairn.server.backup.archive.BackupDirectory.Segment;
import dev.cairn.server.backup.archive.PointInTime;
import dev.cairn.server.backup.archive.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: whatever happens to leaders and files, a restore gives exactly what was there. Method: against a twin of the store that forgets nothing. */
@Timeout(120)
class RevisionArchiveTest {
    @TempDir
    Path top;

    private Scene scene;

    @BeforeEach
    void open() {
        scene = new Scene(top);
    }

    private void checkEveryRevision(long first) throws IOException {
        Scene.Content history = scene.history();
        for (long revision = first; revision <= scene.store.currentRevision(); revision++) {
            assertThat(scene.restored(revision).at(revision))
                    .as("seed %d revision %d", scene.seed, revision)
                    .isEqualTo(history.at(revision));
        }
    }

    @Test
    void shouldRestoreEveryRevisionAcrossLeadersAndFullBackups() throws IOException {
        scene.write(20);
        RevisionArchive[] members = {scene.archive(1), scene.archive(2), scene.archive(3)};
        RevisionArchive leader = members[0];
        leader.work();
        OptionalLong line = leader.line();
        assertThat(line).isPresent();
        long first = scene.full(line).revision();
        for (int round = 0; round < 40; round++) {
            scene.write(1 + scene.random.nextInt(10));
            scene.pass(Duration.ofMillis(scene.random.nextInt(3000)));
            if (scene.random.nextInt(3) > 0) {
                leader.work();
            }
            switch (scene.random.nextInt(6)) {
                case 0 -> scene.full(line);
                case 1 -> leader.rollSegment();
                case 2 -> scene.compact();
                case 3 -> {
                    // The next one begins before anybody compacts what is not archived.
                    leader.work();
                    leader.close();
                    leader = members[scene.random.nextInt(3)];
                    leader.work();
                }
                default -> {}
            }
            assertThat(leader.line()).isEqualTo(line);
        }
        leader.work();
        checkEveryRevision(first);
        assertThat(scene.metrics.archiveGaps.value()).isZero();
        assertThat(scene.metrics.archiveFailures.value()).isZero();
        assertThat(scene.metrics.archiveLag.value()).isZero();
    }

    @Test
    void shouldHoldCompactionBackOnlyWhileItLeads() {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        scene.write(30);
        scene.compact();
        assertThat(scene.metrics.archiveLag.value()).isZero();
        archive.work();
        assertThat(scene.metrics.archiveRevision.value()).isEqualTo(scene.store.currentRevision());
        scene.leading = false;
        archive.work();
        assertThat(archive.line()).isEmpty();
        scene.write(30);
        boolean[] removed = new boolean[1];
        try {
            scene.store.scheduleCompaction(scene.store.currentRevision(), () -> removed[0] = true);
        } catch (dev.cairn.mvcc.KvException e) {
            throw new AssertionError(e);
        }
        scene.store.applied(++scene.index, 1);
        scene.store.hash();
        assertThat(removed[0]).isTrue();
    }

    @Test
    void shouldBeginANewLineWhenCompactionWasAhead() throws IOException {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        OptionalLong line = archive.line();
        scene.full(line);
        scene.write(10);
        archive.work();
        long reached = scene.store.currentRevision();
        archive.close();
        scene.write(10);
        scene.compact();
        archive.work();
        assertThat(archive.line()).isPresent().isNotEqualTo(line);
        assertThat(scene.metrics.archiveGaps.value()).isEqualTo(1);
        // Without the full backup that follows nothing behind the gap can be had, and with it everything.
        assertThatThrownBy(() -> scene.restored(scene.store.currentRevision()))
                .isInstanceOf(ArchiveException.class)
                .hasMessageContaining("reaches to revision " + reached);
        long first = scene.full(archive.line()).revision();
        scene.write(10);
        archive.work();
        checkEveryRevision(first);
        assertThat(scene.restored(reached).at(reached))
                .isEqualTo(scene.history().at(reached));
    }

    @Test
    void shouldBeginANewLineForAnotherHistory() throws Exception {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        scene.full(archive.line());
        scene.write(10);
        archive.work();
        archive.close();
        MvccStore other = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
        RevisionArchive behind = scene.archive(1, other);
        behind.work();
        assertThat(behind.line()).isEmpty();
        // It may only be late; but not for ever.
        scene.pass(Duration.ofSeconds(31));
        behind.work();
        assertThat(behind.line()).isPresent().isNotEqualTo(archive.line());
        behind.close();
        // Another one that has overtaken the archive without anybody looking is told by what it holds.
        scene = new Scene(Files.createDirectory(top.resolve("second")));
        RevisionArchive again = scene.archive(1);
        again.work();
        OptionalLong line = again.line();
        scene.write(10);
        again.work();
        again.close();
        MvccStore ahead = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
        for (int i = 1; i < 50; i++) {
            ahead.put(PutRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("other"))
                    .build());
            ahead.applied(i, 1);
        }
        RevisionArchive overtaken = scene.archive(1, ahead);
        overtaken.work();
        assertThat(overtaken.line()).isPresent().isNotEqualTo(line);
    }

    @Test
    void shouldGoOnInASegmentOfItsOwnWhateverTheLastOneEndsWith() throws IOException {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        long first = scene.full(archive.line()).revision();
        for (int round = 0; round < 15; round++) {
            scene.write(5);
            scene.pass(Duration.ofSeconds(1));
            archive.work();
            // As a crash leaves it: closed by nobody, the end torn or never written.
            archive = scene.archive(1);
            Path last = scene.directory.segments().stream()
                    .max((a, b) -> Long.compare(a.created(), b.created()))
                    .map(Segment::file)
                    .orElseThrow();
            byte[] bytes = Files.readAllBytes(last);
            Files.write(last, java.util.Arrays.copyOf(bytes, bytes.length - scene.random.nextInt(150) % bytes.length));
            if (scene.random.nextBoolean()) {
                Files.write(last, new byte[scene.random.nextInt(100)], java.nio.file.StandardOpenOption.APPEND);
            }
            scene.pass(Duration.ofSeconds(1));
            archive.work();
        }
        checkEveryRevision(first);
        assertThat(scene.metrics.archiveGaps.value()).isZero();
    }

    @Test
    void shouldGoOnWhenTheDirectoryIsThereAgain() throws IOException {
        Path away = top.resolve("away");
        Scene moved = new Scene(away);
        RevisionArchive archive = moved.archive(1);
        archive.work();
        assertThat(archive.line()).isEmpty();
        assertThat(moved.metrics.archiveFailing.value()).isEqualTo(1);
        // A directory that is not mounted is not made.
        assertThat(away).doesNotExist();
        Files.createDirectory(away);
        archive.work();
        assertThat(moved.metrics.archiveFailures.value()).isEqualTo(1);
        moved.pass(Duration.ofSeconds(11));
        archive.work();
        assertThat(archive.line()).isPresent();
        assertThat(moved.metrics.archiveFailing.value()).isZero();
    }

    @Test
    void shouldGoBackForWhatSomebodyHasRemoved() throws IOException {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        long first = scene.full(archive.line()).revision();
        scene.write(10);
        archive.work();
        for (Segment segment :
                scene.directory.segments().subList(1, scene.directory.segments().size())) {
            Files.delete(segment.file());
        }
        scene.pass(Duration.ofSeconds(1));
        Files.delete(java.util.Objects.requireNonNull(archive.openFile()));
        scene.write(10);
        archive.work();
        archive.work();
        archive.work();
        // The line is gone with its only segment; the next full backup belongs to the new one.
        long second = scene.full(archive.line()).revision();
        scene.write(10);
        archive.work();
        checkEveryRevision(second);
        assertThat(first).isLessThan(second);
    }

    @Test
    void shouldRestoreByTime() throws IOException {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        FullBackup.Result full = scene.full(archive.line());
        NavigableMap<Instant, Long> known = new TreeMap<>();
        known.put(full.time(), full.revision());
        for (int round = 0; round < 30; round++) {
            scene.pass(Duration.ofMillis(1 + scene.random.nextInt(20_000)));
            if (scene.random.nextInt(3) > 0) {
                scene.write(scene.random.nextInt(4));
            }
            archive.work();
            known.put(scene.now(), scene.store.currentRevision());
        }
        scene.pass(Duration.ofSeconds(11));
        archive.work();
        Scene.Content history = scene.history();
        for (int i = 0; i < 200; i++) {
            long span = Duration.between(full.time(), known.lastKey()).toMillis();
            Instant time = full.time().plusMillis((long) (scene.random.nextDouble() * span));
            PointInTime way = scene.find(new Target.AtTime(time));
            long expected = known.floorEntry(time).getValue();
            assertThat(way.revision()).as("seed %d time %s", scene.seed, time).isEqualTo(expected);
            assertThat(scene.restored(way).at(expected)).isEqualTo(history.at(expected));
        }
        // Behind the last look nothing is known, and before the first backup nothing is there.
        assertThatThrownBy(() -> scene.find(new Target.AtTime(scene.now().plusSeconds(1))))
                .isInstanceOf(ArchiveException.class)
                .hasMessageContaining("cannot be restored");
        assertThatThrownBy(() -> scene.find(new Target.AtTime(full.time().minusSeconds(1))))
                .isInstanceOf(ArchiveException.class)
                .hasMessageContaining("the oldest full backup");
    }

    @Test
    void shouldKnowTheLeasesOfRestoredKeys() throws IOException {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        scene.grant(1, 100);
        scene.put("old", 1);
        scene.full(archive.line());
        scene.grant(2, 200);
        scene.put("new", 2);
        // Revoked before anybody could look: nothing is known of it but that it was.
        scene.put("short", 3);
        archive.work();
        Scene.Content restored = scene.restored(scene.store.currentRevision());
        assertThat(restored.leases())
                .containsOnly(
                        java.util.Map.entry(1L, 100L),
                        java.util.Map.entry(2L, 200L),
                        java.util.Map.entry(3L, PointInTime.UNKNOWN_LEASE_SECONDS));
    }

    @Test
    void shouldNameFileAndOffsetOfDamageThatMatters() throws IOException {
        RevisionArchive archive = scene.archive(1);
        archive.work();
        long first = scene.full(archive.line()).revision();
        for (int i = 0; i < 5; i++) {
            scene.write(3);
            archive.work();
        }
        archive.close();
        Path file = scene.directory.segments().get(0).file();
        byte[] sound = Files.readAllBytes(file);
        Scene.Content history = scene.history();
        for (int i = 0; i < 300; i++) {
            byte[] flipped = sound.clone();
            flipped[scene.random.nextInt(sound.length)] ^= (byte) (1 << scene.random.nextInt(8));
            Files.write(file, flipped);
            for (long revision = first; revision <= scene.store.currentRevision(); revision += 3) {
                long wanted = revision;
                try {
                    assertThat(scene.restored(wanted).at(wanted)).isEqualTo(history.at(wanted));
                } catch (ArchiveException e) {
                    assertThat(e).hasMessageContaining(file + ": offset ");
                }
            }
            assertThatThrownBy(() -> scene.restored(scene.store.currentRevision()))
                    .as("seed %d round %d", scene.seed, i)
                    .isInstanceOf(ArchiveException.class);
        }
    }
}
