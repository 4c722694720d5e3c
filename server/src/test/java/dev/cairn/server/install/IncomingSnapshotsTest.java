package dev.cairn.server.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.StoreReplacement;
import dev.cairn.peers.SnapshotSink;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.membership.Identity;
import dev.cairn.wal.SnapStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: a database is named only when it is whole, durable and good; of everything else nothing is left. */
@Timeout(60)
class IncomingSnapshotsTest {
    @TempDir
    Path directory;

    private Path snap;
    private Path member;
    private IncomingSnapshots incoming;

    @BeforeEach
    void prepare() throws IOException {
        member = Files.createDirectory(directory.resolve("member"));
        snap = Files.createDirectory(member.resolve("snap"));
        incoming = new IncomingSnapshots(new Identity(1, 17), new SnapStore(snap), snap, member, 0, Runnable::run);
    }

    private static SnapshotMetadata place(long index, long term) {
        return new SnapshotMetadata(ConfState.EMPTY, index, term);
    }

    private SnapshotSink receive(long index, long term, byte[] database) throws IOException {
        Message message = Message.builder(MessageType.SNAP)
                .from(2)
                .to(17)
                .snapshot(new Snapshot(ByteString.EMPTY, place(index, term)))
                .build();
        SnapshotSink sink = incoming.receive(message);
        for (int at = 0; at < database.length; at += 1000) {
            sink.write(ByteBuffer.wrap(database, at, Math.min(1000, database.length - at)));
        }
        return sink;
    }

    private byte[] database(long index) throws IOException {
        Path file = directory.resolve("made");
        try {
            return Files.readAllBytes(Databases.member(index, 10).write(file));
        } finally {
            Files.delete(file);
        }
    }

    private List<String> left() throws IOException {
        try (var files = Files.walk(member)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> member.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void shouldKeepTheDatabaseAndAStoreOfIt() throws Exception {
        byte[] database = database(255);
        receive(255, 3, database).commit();
        assertThat(Files.readAllBytes(snap.resolve("00000000000000ff.snap.db"))).isEqualTo(database);
        try (StoreReplacement store = incoming.take(place(255, 3))) {
            assertThat(store.applied().index()).isEqualTo(255);
            assertThat(store.currentRevision()).isEqualTo(11);
        }
        incoming.installed(255);
        assertThat(left()).filteredOn(name -> name.startsWith("snap")).isEmpty();
    }

    @Test
    void shouldMakeTheStoreAgainWhenItGaveWay() throws Exception {
        for (long index = 250; index < 254; index++) {
            receive(index, 3, database(index)).commit();
        }
        try (StoreReplacement store = incoming.take(place(250, 3))) {
            assertThat(store.applied().index()).isEqualTo(250);
        }
        try (StoreReplacement store = incoming.take(place(253, 3))) {
            assertThat(store.applied().index()).isEqualTo(253);
        }
    }

    @Test
    void shouldLeaveNothingOfWhatIsNoGood() throws Exception {
        byte[] sound = database(255);
        assertThatThrownBy(receive(256, 3, sound)::commit)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("ends with entry 255");
        assertThatThrownBy(receive(255, 4, sound)::commit)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("of term 3");
        byte[] cut = Arrays.copyOf(sound, sound.length / 2);
        assertThatThrownBy(receive(255, 3, cut)::commit).isInstanceOf(IOException.class);
        Path file = directory.resolve("no-members");
        Databases.member(255, 10).remove("members", "11").write(file);
        assertThatThrownBy(receive(255, 3, Files.readAllBytes(file))::commit)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no members");
        Path lease = directory.resolve("lease");
        Databases.member(255, 10).put("lease", "12345678", new byte[] {1, 2, 3}).write(lease);
        assertThatThrownBy(receive(255, 3, Files.readAllBytes(lease))::commit).isInstanceOf(IOException.class);
        receive(255, 3, sound).abort();
        assertThat(left()).isEmpty();
    }

    /** What a failed second transfer must not do: take away the database that the log may name already. */
    @Test
    void shouldLeaveAnEarlierTransferAlone() throws Exception {
        receive(255, 3, database(255)).commit();
        assertThatThrownBy(receive(255, 3, new byte[9000])::commit).isInstanceOf(IOException.class);
        assertThat(snap.resolve("00000000000000ff.snap.db")).exists();
        receive(255, 3, database(255)).commit();
        try (StoreReplacement store = incoming.take(place(255, 3))) {
            assertThat(store.applied().index()).isEqualTo(255);
        }
    }

    /** The core takes a snapshot only if it reaches further than the log; then the store of it is of no use. */
    @Test
    void shouldLetGoOfWhatWasOvertaken() throws Exception {
        receive(255, 3, database(255)).commit();
        incoming.onApplied(254);
        assertThat(left()).hasSize(3);
        incoming.onApplied(255);
        assertThat(left()).containsExactly("snap/00000000000000ff.snap.db");
    }

    @Test
    void shouldLetGoOfWhatWaitsAtTheEnd() throws Exception {
        receive(255, 3, database(255)).commit();
        incoming.close();
        assertThat(left()).containsExactly("snap/00000000000000ff.snap.db");
    }
}
