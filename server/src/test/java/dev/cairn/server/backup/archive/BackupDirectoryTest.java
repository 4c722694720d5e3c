package dev.cairn.server.backup.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Goal: names tell what they were made of and sort by it, and foreign files are left alone. */
class BackupDirectoryTest {
    @TempDir
    Path top;

    @Test
    void shouldFindWhatItHasNamedInTheOrderOfTime() throws IOException {
        BackupDirectory directory = BackupDirectory.of(top, 0xabc);
        assertThat(directory.fulls()).isEmpty();
        assertThat(directory.segments()).isEmpty();
        directory.prepare();
        directory.prepare();
        Instant time = Instant.parse("2026-11-22T03:15:00Z");
        List<Path> files = List.of(
                directory.full(time, 9, OptionalLong.empty()),
                directory.full(time, 10, OptionalLong.of(-1)),
                directory.full(time.plusSeconds(1), 2, OptionalLong.of(7)));
        for (Path file : files) {
            Files.createFile(file);
        }
        for (String foreign : List.of(
                "notes.txt",
                "20261122T031500Z-0000000000000000009.db.old",
                "20269922T031500Z-0000000000000000009.db",
                "20261122T031500Z-9999999999999999999.db",
                "20261122T031500Z-9.db")) {
            Files.createFile(directory.path().resolve(foreign));
        }
        assertThat(directory.fulls())
                .containsExactly(
                        new BackupDirectory.Full(files.get(0), time, 9, OptionalLong.empty()),
                        new BackupDirectory.Full(files.get(1), time, 10, OptionalLong.of(-1)),
                        new BackupDirectory.Full(files.get(2), time.plusSeconds(1), 2, OptionalLong.of(7)));
        assertThat(files).isSorted();
        SegmentHeader header = new SegmentHeader(0xabc, -2, -3, 11, 17);
        Files.createFile(directory.segment(header));
        Files.createFile(directory.archive().resolve("0000000000000000000-0000000000000001-0000000000000001-1.log"));
        assertThat(directory.segments())
                .containsExactly(new BackupDirectory.Segment(directory.segment(header), 11, -3, -2, 17));
    }

    @Test
    void shouldNotMakeTheDirectoryItself() {
        BackupDirectory directory = BackupDirectory.of(top.resolve("not-mounted"), 1);
        assertThatThrownBy(directory::prepare).isInstanceOf(NoSuchFileException.class);
        assertThat(top.resolve("not-mounted")).doesNotExist();
    }

    @Test
    void shouldFindTheClusterThatIsMeant() throws IOException {
        assertThatThrownBy(() -> BackupDirectory.find(top)).hasMessage(top + " holds no full backup");
        BackupDirectory one = BackupDirectory.of(top, 1);
        one.prepare();
        Files.createFile(one.full(Instant.EPOCH, 1, OptionalLong.empty()));
        assertThat(BackupDirectory.find(top).path()).isEqualTo(one.path());
        assertThat(BackupDirectory.find(one.path()).fulls()).hasSize(1);
        BackupDirectory.of(top, 2).prepare();
        assertThatThrownBy(() -> BackupDirectory.find(top))
                .isInstanceOf(ArchiveException.class)
                .hasMessageContaining("the backups of 2 clusters, name one of them")
                .hasMessageContaining("0000000000000002");
        Path file = Files.createFile(top.resolve("file"));
        assertThatThrownBy(() -> BackupDirectory.find(file)).hasMessage(file + " is not a backup directory");
    }
}
