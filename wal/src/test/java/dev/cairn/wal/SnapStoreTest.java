package dev.cairn.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapStoreTest {
    @TempDir
    Path directory;

    private SnapStore store;

    @BeforeEach
    void setUp() {
        store = new SnapStore(directory);
    }

    @Test
    void shouldLoadTheNewest() throws IOException {
        assertThat(store.loadNewest()).isEmpty();
        store.save(snapshot(2, 20));
        Path newest = store.save(snapshot(10, 30));
        store.save(snapshot(2, 255));

        assertThat(store.loadNewest()).contains(snapshot(10, 30));
        assertThat(newest).hasFileName("000000000000000a-000000000000001e.snap");
        assertThat(Files.getPosixFilePermissions(newest)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void shouldOnlyUseWhatTheLogHasARecordOf() throws IOException {
        for (long index = 10; index <= 40; index += 10) {
            store.save(snapshot(2, index));
        }
        SnapshotMetadata recorded = new SnapshotMetadata(ConfState.EMPTY, 20, 2);
        SnapshotMetadata ofAnotherTerm = new SnapshotMetadata(ConfState.EMPTY, 30, 1);

        assertThat(store.loadNewest(List.of(SnapshotMetadata.EMPTY, recorded, ofAnotherTerm)))
                .contains(snapshot(2, 20));
        assertThat(store.loadNewest(List.of(SnapshotMetadata.EMPTY))).isEmpty();
    }

    @Test
    void shouldSetBrokenFilesAside() throws IOException {
        // Goal: no changed bit and no cut ever gives another snapshot. Method: each of them.
        store.save(snapshot(2, 10));
        Path newest = store.save(snapshot(2, 20));
        byte[] whole = Files.readAllBytes(newest);
        int brokenFiles = 0;
        for (int bit = 0; bit < whole.length * Byte.SIZE; bit++) {
            byte[] damaged = whole.clone();
            damaged[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            Files.write(newest, damaged);
            Snapshot loaded = store.loadNewest().orElseThrow();
            // The highest bits of an encoded 32-bit number mean nothing, so a file with one of them changed is as good.
            if (!loaded.equals(snapshot(2, 20))) {
                assertThat(loaded).as("bit %d", bit).isEqualTo(snapshot(2, 10));
                assertThat(newest).as("bit %d", bit).doesNotExist();
                assertThat(newest.resolveSibling(newest.getFileName() + ".broken"))
                        .as("bit %d", bit)
                        .hasBinaryContent(damaged);
                brokenFiles++;
            }
        }
        assertThat(brokenFiles).isGreaterThanOrEqualTo(whole.length * Byte.SIZE - 3);
        for (int cut = 0; cut < whole.length; cut++) {
            Files.write(newest, Arrays.copyOf(whole, cut));
            assertThat(store.loadNewest()).as("cut at %d", cut).contains(snapshot(2, 10));
        }
    }

    @Test
    void shouldKeepTheNewestWhenPurging() throws IOException {
        for (long index = 1; index <= 6; index++) {
            store.save(snapshot(2, index));
        }
        Files.writeString(directory.resolve("db"), "");

        assertThat(store.purge(0)).isEmpty();
        assertThat(store.purge(2)).hasSize(4);
        assertThat(names())
                .containsExactly(
                        "0000000000000002-0000000000000005.snap", "0000000000000002-0000000000000006.snap", "db");
    }

    @Test
    void shouldRemoveReceivedDatabasesThatAreOvertaken() throws IOException {
        for (long index : new long[] {9, 10, 11}) {
            Files.writeString(store.databaseFile(index), "");
        }

        store.purgeDatabases(10);

        assertThat(names()).containsExactly("000000000000000a.snap.db", "000000000000000b.snap.db");
    }

    @Test
    void shouldRemoveWhatACrashLeft() throws IOException {
        for (String name : List.of("tmp123", "db.tmp.77", "db", "0000000000000002-0000000000000005.snap.broken")) {
            Files.writeString(directory.resolve(name), "");
        }

        store.removeTemporaries();

        assertThat(names()).containsExactly("0000000000000002-0000000000000005.snap.broken", "db");
    }

    @Test
    void shouldRefuseTheStartOfTheLog() {
        assertThatThrownBy(() -> store.save(Snapshot.EMPTY)).isInstanceOf(IllegalArgumentException.class);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static Snapshot snapshot(long term, long index) {
        ConfState members = new ConfState(IdSet.of(1, -5), IdSet.of(7), IdSet.of(1), IdSet.EMPTY, true);
        return new Snapshot(
                ByteString.copyFromUtf8("{\"index\":" + index + "}"), new SnapshotMetadata(members, index, term));
    }
}
