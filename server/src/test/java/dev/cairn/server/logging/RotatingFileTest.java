package dev.cairn.server.logging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.spi.LoggingEvent;
import dev.cairn.server.config.LogRotation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RotatingFileTest {
    private static final LoggingEvent EVENT = new LoggingEvent();
    private static final int MEGABYTE = 1 << 20;
    private static final Instant NOW = Instant.parse("2026-11-21T10:20:30.040Z");

    @TempDir
    Path directory;

    private RotatingFile open(int daysMax, int backupsMax, boolean compress, ZoneId zone) throws IOException {
        LogRotation rotation = new LogRotation(1, daysMax, backupsMax, !zone.equals(ZoneOffset.UTC), compress);
        return new RotatingFile(log(), rotation, Clock.fixed(NOW, zone));
    }

    private RotatingFile open() throws IOException {
        return open(0, 0, false, ZoneOffset.UTC);
    }

    private Path log() {
        return directory.resolve("logs/etcd.log");
    }

    private Path kept(String name) {
        return directory.resolve("logs").resolve(name);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("logs"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** The tidying has a thread of its own. */
    private void awaitFiles(String... expected) throws IOException {
        long deadline = System.nanoTime() + java.util.concurrent.TimeUnit.SECONDS.toNanos(30);
        while (!files().equals(List.of(expected)) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(files()).containsExactly(expected);
    }

    private static byte[] line(int bytes) {
        return "x".repeat(bytes).getBytes(UTF_8);
    }

    @Test
    void shouldPutTheFileAsideBeforeItGrowsBeyondItsBound() throws IOException {
        RotatingFile file = open();
        file.write(EVENT, line(MEGABYTE - 10));
        file.write(EVENT, line(10));
        assertThat(files()).containsExactly("etcd.log");
        file.write(EVENT, line(1));
        assertThat(files()).containsExactly("etcd-2026-11-21T10-20-30.040.log", "etcd.log");
        assertThat(Files.size(kept("etcd-2026-11-21T10-20-30.040.log"))).isEqualTo(MEGABYTE);
        assertThat(Files.size(log())).isEqualTo(1);
    }

    @Test
    void shouldNotLoseAFileWhenTwoAreFullWithinAMillisecond() throws IOException {
        RotatingFile file = open();
        for (int i = 0; i < 3; i++) {
            file.write(EVENT, line(MEGABYTE));
        }
        assertThat(files())
                .containsExactly("etcd-2026-11-21T10-20-30.040.log", "etcd-2026-11-21T10-20-30.041.log", "etcd.log");
    }

    @Test
    void shouldGoOnWithAFileThatIsThere() throws IOException {
        Files.createDirectories(directory.resolve("logs"));
        Files.write(log(), line(100), java.nio.file.StandardOpenOption.CREATE);
        Files.setPosixFilePermissions(log(), PosixFilePermissions.fromString("rw-r-----"));
        RotatingFile file = open();
        file.write(EVENT, line(MEGABYTE - 100));
        assertThat(Files.size(log())).isEqualTo(MEGABYTE);
        file.write(EVENT, line(1));
        assertThat(Files.size(log())).isEqualTo(1);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log())))
                .as("who could read the log still can")
                .isEqualTo("rw-r-----");
    }

    @Test
    void shouldKeepANewLogToItsOwner() throws IOException {
        open();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log())))
                .isEqualTo("rw-------");
    }

    @Test
    void shouldWriteALineThatIsLargerThanTheBound() throws IOException {
        RotatingFile file = open();
        file.write(EVENT, line(10));
        file.write(EVENT, line(MEGABYTE + 1));
        assertThat(Files.size(log())).isEqualTo(MEGABYTE + 1);
        assertThat(files()).hasSize(2);
    }

    @Test
    void shouldNameFilesByLocalTimeWhereAsked() throws IOException {
        RotatingFile file = open(0, 0, false, ZoneId.of("Asia/Tokyo"));
        file.write(EVENT, line(MEGABYTE));
        file.write(EVENT, line(1));
        assertThat(files()).containsExactly("etcd-2026-11-21T19-20-30.040.log", "etcd.log");
    }

    @Test
    void shouldKeepTheNewestFilesAndWhatIsNotItsOwn() throws IOException {
        Files.createDirectories(directory.resolve("logs"));
        for (String name : List.of(
                "etcd-2026-11-20T00-00-00.000.log",
                "etcd-2026-11-20T00-00-00.000.log.gz",
                "etcd-2026-11-19T00-00-00.000.log",
                "etcd-2026-11-18T00-00-00.000.log.gz",
                "etcd-other.log",
                "etcd-2026-11-18T00-00-00.000.txt",
                "other-2026-11-18T00-00-00.000.log")) {
            Files.createFile(kept(name));
        }
        open(0, 2, false, ZoneOffset.UTC);
        awaitFiles(
                "etcd-2026-11-18T00-00-00.000.txt",
                "etcd-2026-11-19T00-00-00.000.log",
                "etcd-2026-11-20T00-00-00.000.log",
                "etcd-2026-11-20T00-00-00.000.log.gz",
                "etcd-other.log",
                "etcd.log",
                "other-2026-11-18T00-00-00.000.log");
    }

    @Test
    void shouldRemoveFilesThatAreTooOld() throws IOException {
        Files.createDirectories(directory.resolve("logs"));
        Files.createFile(kept("etcd-2026-11-18T10-20-30.039.log"));
        Files.createFile(kept("etcd-2026-11-18T10-20-30.040.log"));
        open(3, 0, false, ZoneOffset.UTC);
        awaitFiles("etcd-2026-11-18T10-20-30.040.log", "etcd.log");
    }

    @Test
    void shouldCompressWhatItPutsAside() throws IOException {
        RotatingFile file = open(0, 0, true, ZoneOffset.UTC);
        file.write(EVENT, line(MEGABYTE));
        file.write(EVENT, line(1));
        awaitFiles("etcd-2026-11-21T10-20-30.040.log.gz", "etcd.log");
        try (InputStream in = new GZIPInputStream(Files.newInputStream(kept("etcd-2026-11-21T10-20-30.040.log.gz")))) {
            assertThat(in.readAllBytes()).isEqualTo(line(MEGABYTE));
        }
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(kept("etcd-2026-11-21T10-20-30.040.log.gz"))))
                .isEqualTo("rw-------");
    }
}
