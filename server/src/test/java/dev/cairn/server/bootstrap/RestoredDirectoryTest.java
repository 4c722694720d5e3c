package dev.cairn.server.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.api.StartException;
import dev.cairn.server.backup.TableSource;
import dev.cairn.server.backup.WorkProgress;
import dev.cairn.server.names.Names;
import dev.cairn.server.names.SystemNames;
import dev.cairn.wal.SnapStore;
import dev.cairn.wal.WalReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestoredDirectoryTest {
    private static final Names NAMES = new SystemNames();

    @TempDir
    Path directory;

    private static RestoredCluster cluster() throws Exception {
        return RestoredCluster.of(
                "b", "a=http://127.0.0.1:1,b=http://127.0.0.1:2", "token", "http://127.0.0.1:2", NAMES);
    }

    /** A database without keys; the walk through it fails in the given round. */
    private static TableSource content(int failing) {
        return new TableSource() {
            private int rounds;

            @Override
            public void visit(Visitor visitor) throws IOException {
                visitor.bucket("key");
                if (++rounds == failing) {
                    throw new IOException("round " + failing);
                }
                visitor.bucket("meta");
                visitor.pair(new byte[] {'z'}, "value".getBytes(StandardCharsets.UTF_8));
            }

            @Override
            public long bytes() {
                return 10;
            }
        };
    }

    private static void restore(Path data, Optional<Path> wal, int failing) throws Exception {
        RestoredDirectory.at(data, wal).write(content(failing), cluster(), 0, WorkProgress.UNSEEN);
    }

    private static List<String> names(Path path) throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void shouldMakeWhatAMemberStartsFrom() throws Exception {
        Path data = directory.resolve("data");
        restore(data, Optional.empty(), 0);
        assertThat(names(data)).containsExactly("member");
        Path member = data.resolve("member");
        assertThat(names(member.resolve("snap"))).containsExactly("0000000000000001-0000000000000002.snap", "db");
        List<SnapshotMetadata> recorded = WalReader.validSnapshots(member.resolve("wal"));
        SnapshotMetadata newest = recorded.get(recorded.size() - 1);
        assertThat(newest.index()).isEqualTo(2);
        assertThat(newest.term()).isEqualTo(1);
        assertThat(new SnapStore(member.resolve("snap")).loadNewest(recorded))
                .hasValueSatisfying(snapshot -> assertThat(snapshot.metadata()).isEqualTo(newest));
        assertThat(newest.confState().voters().size()).isEqualTo(2);
    }

    @Test
    void shouldLeaveNothingBehindWhenItFails() throws Exception {
        for (int failing = 1; failing <= 2; failing++) {
            int round = failing;
            Path fresh = directory.resolve("fresh");
            Path log = directory.resolve("log");
            assertThatThrownBy(() -> restore(fresh, Optional.of(log), round)).hasMessage("round " + round);
            assertThat(fresh).doesNotExist();
            assertThat(names(directory)).doesNotContain("log", "log.restoring");
            Path empty = Files.createDirectories(directory.resolve("empty"));
            assertThatThrownBy(() -> restore(empty, Optional.empty(), round)).hasMessage("round " + round);
            assertThat(empty).isEmptyDirectory();
        }
    }

    @Test
    void shouldRemoveWhatAKilledOneHasLeft() throws Exception {
        Path data = directory.resolve("data");
        Path left = Files.createDirectories(data.resolve("member.restoring/snap"));
        Files.writeString(left.resolve("db"), "half");
        Files.createDirectories(data.resolve("member.restoring/wal.tmp"));
        Path log = directory.resolve("log");
        Files.createDirectories(directory.resolve("log.restoring"));
        Files.writeString(directory.resolve("log.restoring").resolve("0.wal"), "half");
        restore(data, Optional.of(log), 0);
        assertThat(names(data)).containsExactly("member");
        assertThat(names(data.resolve("member"))).containsExactly("lock", "snap");
        assertThat(names(directory)).containsExactly("data", "log");
        assertThat(WalReader.validSnapshots(log)).isNotEmpty();
    }

    @Test
    void shouldRefusePlacesThatAreTaken() throws Exception {
        Path full = Files.createDirectories(directory.resolve("full"));
        Files.writeString(full.resolve("file"), "content");
        for (Path taken : List.of(full, full.resolve("file"))) {
            assertThatThrownBy(() -> RestoredDirectory.at(taken, Optional.empty()))
                    .isInstanceOf(StartException.class)
                    .hasMessage("data-dir \"" + taken + "\" not empty or could not be read");
        }
        Path data = directory.resolve("data");
        assertThatThrownBy(() -> RestoredDirectory.at(data, Optional.of(full)))
                .isInstanceOf(StartException.class)
                .hasMessage("wal-dir \"" + full + "\" exists");
        for (Path around : List.of(data, data.resolve("member"))) {
            assertThatThrownBy(() -> RestoredDirectory.at(data, Optional.of(around)))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("would hold the database");
        }
    }

    @Test
    void shouldPutTheLogWhereItIsWanted() throws Exception {
        Path inside = directory.resolve("inside");
        restore(inside, Optional.of(inside.resolve("member/logs/mine")), 0);
        assertThat(WalReader.validSnapshots(inside.resolve("member/logs/mine"))).isNotEmpty();
        Path beside = directory.resolve("beside");
        restore(beside, Optional.of(beside.resolve("wal")), 0);
        assertThat(names(beside)).containsExactly("member", "wal");
    }

    @Test
    void shouldLetOnlyOneWorkAtATime() throws Exception {
        Path data = directory.resolve("data");
        Path left = Files.createDirectories(data.resolve("member.restoring"));
        try (FileChannel lock =
                FileChannel.open(left.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            lock.lock();
            assertThatThrownBy(() -> restore(data, Optional.empty(), 0))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("another restore is making");
        }
        restore(data, Optional.empty(), 0);
        assertThat(data.resolve("member")).exists();
    }

    @Test
    void shouldRefuseClustersThatDoNotFitTogether() {
        assertThatThrownBy(() -> RestoredCluster.of("c", "a=http://127.0.0.1:1", "", "http://127.0.0.1:1", NAMES))
                .hasMessage("couldn't find local name \"c\" in the initial cluster configuration");
        assertThatThrownBy(() -> RestoredCluster.of(
                        "a", "a=http://127.0.0.1:1,b=http://127.0.0.1:1", "", "http://127.0.0.1:1", NAMES))
                .hasMessageEndingWith("has duplicate url");
        assertThatThrownBy(() -> RestoredCluster.of("a", "a=http://127.0.0.1:1", "", "http://127.0.0.1:9", NAMES))
                .hasMessageContaining("missing from --initial-advertise-peer-urls");
    }
}
