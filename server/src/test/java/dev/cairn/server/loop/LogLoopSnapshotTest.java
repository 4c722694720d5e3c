package dev.cairn.server.loop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.LogInMemory;
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
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: when the core hears that a snapshot of the leader is durable, a restart begins there; before that moment it begins where it did.
 * Method: what the directory says at each sync and after the loop.
 */
@Timeout(60)
class LogLoopSnapshotTest {
    @TempDir
    Path directory;

    private final List<Long> durable = new ArrayList<>();
    private final List<Boolean> fileBeforeSync = new ArrayList<>();
    private final List<SnapshotMetadata> marked = new ArrayList<>();
    private Path snap;
    private Path wal;
    private WalWriter log;
    private LogLoop loop;

    @BeforeEach
    void begin() throws IOException {
        snap = Files.createDirectory(directory.resolve("snap"));
        wal = directory.resolve("wal");
        HardState state = new HardState(1, 1, 10);
        log = WalWriter.create(
                wal, new WalMetadata(1, 1), entries(1, 1, 10), state, WalOptions.of(Runnable::run, new WalListener() {
                    @Override
                    public void beforeSync() {
                        fileBeforeSync.add(Files.exists(snap.resolve("0000000000000002-0000000000000064.snap")));
                    }
                }));
        loop = new LogLoop(log, state, new SnapStore(snap), this::heard, () -> {});
    }

    private void heard(Message message) {
        Snapshot snapshot = message.snapshot();
        durable.add(snapshot == null ? 0 : snapshot.metadata().index());
    }

    private static List<Entry> entries(long term, long from, long to) {
        return LongStream.rangeClosed(from, to)
                .mapToObj(index -> new Entry(term, index, EntryType.NORMAL, ByteString.copyFromUtf8("e" + index)))
                .toList();
    }

    private static Message.Builder append(long term, long commit) {
        return Message.builder(MessageType.STORAGE_APPEND).term(term).vote(1).commit(commit);
    }

    private static SnapshotMetadata place(long index, long term) {
        return new SnapshotMetadata(ConfState.EMPTY, index, term);
    }

    private List<Long> recorded() throws IOException {
        return WalReader.validSnapshots(wal).stream()
                .map(SnapshotMetadata::index)
                .toList();
    }

    private List<Long> indexesFrom(long index, long term) throws IOException {
        LogInMemory read = new LogInMemory();
        try (WalReader reader = WalReader.open(wal, index, term)) {
            reader.read(read);
        }
        return read.indexes();
    }

    @Test
    void shouldBeginAtTheSnapshotOnceTheCoreHearsOfIt() throws Exception {
        loop.append(append(1, 10).entries(entries(1, 11, 12)).build());
        loop.append(append(2, 100)
                .snapshot(new Snapshot(ByteString.copyFromUtf8("members"), place(100, 2)))
                .entries(entries(2, 101, 103))
                .build());
        loop.append(append(2, 103).entries(entries(2, 104, 105)).build());
        loop.doWork(0);
        assertThat(durable).containsExactly(0L, 100L, 0L);
        // What was appended before is synced without the file, everything of the snapshot with it.
        assertThat(fileBeforeSync).startsWith(false, true, true);
        log.close();
        assertThat(recorded()).containsExactly(0L, 100L);
        assertThat(indexesFrom(100, 2)).containsExactly(101L, 102L, 103L, 104L, 105L);
    }

    /** A snapshot of our own that was decided before and comes after: the newest record must stay the last. */
    @Test
    void shouldLeaveOutAnOlderSnapshotOfItsOwn() throws Exception {
        loop.append(append(2, 100)
                .snapshot(new Snapshot(ByteString.EMPTY, place(100, 2)))
                .build());
        loop.markSnapshot(place(9, 1), () -> marked.add(place(9, 1)));
        loop.doWork(0);
        loop.append(append(2, 101).entries(entries(2, 101, 120)).build());
        loop.markSnapshot(place(110, 2), () -> marked.add(place(110, 2)));
        loop.append(append(2, 120).build());
        loop.doWork(0);
        loop.onStop();
        log.close();
        assertThat(marked).containsExactly(place(110, 2));
        assertThat(recorded()).containsExactly(0L, 100L, 110L);
        assertThat(indexesFrom(110, 2)).hasSize(10);
    }

    @Test
    void shouldKeepWhatIsNeededAndNoMore() {
        LogHolds holds = new LogHolds();
        assertThat(holds.least(0)).isEqualTo(Long.MAX_VALUE);
        LogHolds.Hold first = holds.hold(5);
        LogHolds.Hold second = holds.hold(7);
        assertThat(holds.least(0)).isEqualTo(5);
        first.release();
        assertThat(holds.least(0)).isEqualTo(7);
        second.releaseAt(1000);
        assertThat(holds.least(999)).isEqualTo(7);
        assertThat(holds.least(1000)).isEqualTo(Long.MAX_VALUE);
    }
}
