package dev.cairn.server.install;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.LogInMemory;
import dev.cairn.server.api.StartException;
import dev.cairn.wal.SnapStore;
import dev.cairn.wal.WalListener;
import dev.cairn.wal.WalMetadata;
import dev.cairn.wal.WalOptions;
import dev.cairn.wal.WalReader;
import dev.cairn.wal.WalWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: whatever the moment at which an import or an exchange of stores was cut off, the next start finds the store that the log asks for, or says
 * why there is none. Method: the files as they lie at each such moment.
 */
@Timeout(60)
class StoreRecoveryTest {
    private static final ConfState MEMBERS =
            new ConfState(IdSet.of(new long[] {17}), IdSet.EMPTY, IdSet.EMPTY, IdSet.EMPTY, false);

    @TempDir
    Path member;

    private Path wal;
    private Path snap;
    private Path lmdb;

    @BeforeEach
    void makeDirectories() throws IOException {
        wal = member.resolve("wal");
        snap = Files.createDirectory(member.resolve("snap"));
        lmdb = Files.createDirectory(member.resolve("lmdb"));
    }

    /** A log with entries up to an index, of term 3. */
    private WalWriter log(long lastIndex) throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (long index = 1; index <= lastIndex; index++) {
            entries.add(new Entry(3, index, EntryType.NORMAL, ByteString.EMPTY));
        }
        return WalWriter.create(
                wal,
                new WalMetadata(17, 1),
                entries,
                new HardState(3, 17, lastIndex),
                WalOptions.of(Runnable::run, WalListener.NONE));
    }

    private MvccStore open() throws IOException, StartException {
        return new StoreRecovery(wal, snap, lmdb, 0)
                .open(StoreOptions.lmdb(lmdb, 0), WalReader.newestSnapshot(wal).orElseThrow());
    }

    private void makeStore(long appliedIndex) throws IOException {
        Path database = Databases.member(appliedIndex, 3).write(member.resolve("made"));
        DatabaseImport.run(database, StoreOptions.lmdb(lmdb, 0));
        Files.delete(database);
    }

    private static SnapshotMetadata place(long index) {
        return new SnapshotMetadata(MEMBERS, index, 3);
    }

    private void shouldHold(long index, int keys) throws Exception {
        try (MvccStore store = open()) {
            assertThat(store.appliedState().index()).isEqualTo(index);
            assertThat(store.keys()).isEqualTo(keys);
        }
        try (var left = Files.list(member)) {
            assertThat(left.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("wal", "snap", "lmdb");
        }
    }

    // Taking over.

    @Test
    void shouldTakeOverADatabaseOfEtcd() throws Exception {
        log(50).close();
        Databases.member(40, 20).write(snap.resolve("db"));
        shouldHold(40, 20);
        assertThat(snap.resolve("db")).doesNotExist();
        assertThat(snap.resolve("db.taken-over")).exists();
        shouldHold(40, 20);
    }

    @Test
    void shouldBeginAnewWhenTheImportWasCutOff() throws Exception {
        log(50).close();
        Databases.member(40, 20).write(snap.resolve("db"));
        Path half = Files.createDirectory(member.resolve("lmdb.1.tmp"));
        Files.write(half.resolve("data.mdb"), new byte[70_000]);
        Files.write(half.resolve("lock.mdb"), new byte[10]);
        shouldHold(40, 20);
    }

    @Test
    void shouldOnlySetTheDatabaseAsideWhenTheImportWasCutOffBeforeThat() throws Exception {
        log(50).close();
        makeStore(45);
        Databases.member(40, 20).write(snap.resolve("db"));
        shouldHold(45, 3);
        assertThat(snap.resolve("db.taken-over")).exists();
    }

    @Test
    void shouldRefuseADatabaseThatIsNewerThanTheStore() throws Exception {
        log(50).close();
        makeStore(30);
        Databases.member(40, 20).write(snap.resolve("db"));
        assertThatThrownBy(this::open).isInstanceOf(StartException.class).hasMessageContaining("an etcd has run here");
        assertThat(snap.resolve("db")).exists();
    }

    /** Etcd died after its log had a snapshot from the leader, and before the database had its name. */
    @Test
    void shouldTakeOverTheDatabaseThatCameWithTheLastSnapshot() throws Exception {
        try (WalWriter log = log(50)) {
            log.saveSnapshot(place(400));
            log.append(List.of(), new HardState(3, 17, 400));
            log.sync();
        }
        Databases.member(40, 20).write(snap.resolve("db"));
        assertThatThrownBy(this::open)
                .isInstanceOf(StartException.class)
                .hasMessageContaining("0000000000000190.snap.db");
        Databases.member(400, 30).write(snap.resolve("0000000000000190.snap.db"));
        shouldHold(400, 30);
    }

    @Test
    void shouldRefuseKeysOfTheFirstApi() throws Exception {
        try (WalWriter log = log(50)) {
            log.saveSnapshot(place(35));
        }
        SnapStore files = new SnapStore(snap);
        String keys = "{\"Root\":{\"Children\":{\"0\":{},\"1\":{\"Children\":{\"a\":{\"Path\":\"/1/a\"}}}}}}";
        files.save(new Snapshot(ByteString.copyFromUtf8(keys), place(35)));
        Databases.member(40, 20).write(snap.resolve("db"));
        assertThatThrownBy(this::open).isInstanceOf(StartException.class).hasMessageContaining("v2 API");
        String none = "{\"Root\":{\"Children\":{\"0\":{},\"1\":{\"Children\":{}}}}}";
        files.save(new Snapshot(ByteString.copyFromUtf8(none), place(35)));
        shouldHold(40, 20);
    }

    @Test
    void shouldLeaveADamagedDatabaseWhereItIs() throws Exception {
        log(50).close();
        Files.write(snap.resolve("db"), "nothing".repeat(4000).getBytes(UTF_8));
        assertThatThrownBy(this::open).isInstanceOf(IOException.class).hasMessageContaining("db");
        assertThat(snap.resolve("db")).exists();
        Files.delete(snap.resolve("db"));
        Databases.member(40, 20).write(snap.resolve("db"));
        shouldHold(40, 20);
    }

    @Test
    void shouldSayWhenThereIsNoStore() throws Exception {
        log(50).close();
        assertThatThrownBy(this::open).isInstanceOf(StartException.class).hasMessageContaining("but no store");
    }

    // A snapshot of the leader, at each moment between its arrival and the end of the exchange. The store holds 40.

    /** It has arrived; the core has not even heard of it. */
    @Test
    void shouldIgnoreADatabaseThatTheLogDoesNotKnow() throws Exception {
        log(50).close();
        makeStore(40);
        Databases.member(400, 30).write(snap.resolve("0000000000000190.snap.db"));
        Files.write(snap.resolve("tmp3"), new byte[100]);
        shouldHold(40, 3);
        assertThat(snap.resolve("tmp3")).doesNotExist();
    }

    /** Its file and its record are written, the commit index that makes the record count is not. */
    @Test
    void shouldIgnoreARecordThatIsNotCommitted() throws Exception {
        try (WalWriter log = log(50)) {
            new SnapStore(snap).save(new Snapshot(ByteString.EMPTY, place(400)));
            log.saveSnapshot(place(400));
        }
        makeStore(40);
        Databases.member(400, 30).write(snap.resolve("0000000000000190.snap.db"));
        shouldHold(40, 3);
        // And the log goes on from where it was.
        WalReader reader = WalReader.openForAppend(wal, 0, 0);
        LogInMemory seen = new LogInMemory();
        assertThat(reader.read(seen).lastIndex()).isEqualTo(50);
        assertThat(seen.entries()).hasSize(50);
        reader.close();
    }

    /** The log has it; the store has not been exchanged, or the exchange was not durable. */
    @Test
    void shouldImportASnapshotThatTheLogKnows() throws Exception {
        try (WalWriter log = log(50)) {
            log.saveSnapshot(place(400));
            log.append(List.of(), new HardState(3, 17, 400));
            log.append(List.of(new Entry(3, 401, EntryType.NORMAL, ByteString.EMPTY)), new HardState(3, 17, 400));
            log.sync();
        }
        makeStore(40);
        Databases.member(400, 30).write(snap.resolve("0000000000000190.snap.db"));
        shouldHold(400, 30);
        assertThat(snap.resolve("0000000000000190.snap.db")).doesNotExist();
        shouldHold(400, 30);
        WalReader reader = WalReader.openForAppend(wal, 400, 3);
        assertThat(reader.read(new LogInMemory()).lastIndex()).isEqualTo(401);
        reader.close();
    }

    /** The store is exchanged, the database not yet removed. */
    @Test
    void shouldNotImportTwice() throws Exception {
        try (WalWriter log = log(50)) {
            log.saveSnapshot(place(400));
            log.append(List.of(), new HardState(3, 17, 400));
            log.sync();
        }
        makeStore(410);
        Files.write(snap.resolve("0000000000000190.snap.db"), new byte[10]);
        shouldHold(410, 3);
    }
}
